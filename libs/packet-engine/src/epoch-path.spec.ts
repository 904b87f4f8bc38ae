import { randomBytes } from 'node:crypto'

import type { Namespace } from '@sallyport/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { ENGINE_CIPHERS, type EngineCipher, type KeyOptions } from './engine.ts'
import { type EpochReferenceKey, type OpenedEpochPacket, openEpochPacket, sealEpochPacket } from './epoch-reference.ts'
import { openPacket, sealPacket } from './reference.ts'
import { echoReplyPayload, echoRequest } from './testing/inner-packet.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair, ReferenceClient } from './testing/tunnel.ts'

const WINDOW = 2048
const FUTURE_EPOCHS = 16
const NO_LZO = 0xfa
const PEER = 0x02_0001

let test: EngineUnderTest
let namespace: Namespace
let client: ReferenceClient

beforeAll(async () => {
  test = new EngineUnderTest()
  namespace = await addNetwork(test.engine, 0, 'spe-epoch')
  client = await ReferenceClient.create(test.local)
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

function addPeer(): Disposable {
  const path = test.pathTo(client.endPoint)
  test.engine.addPeer({ peerId: PEER, network: 0, path, ipv4: '10.8.0.2', ipv6: undefined })
  client.take()
  return {
    [Symbol.dispose]: () => {
      test.engine.deletePeer(PEER)
    },
  }
}

function connectEpochPeer(cipher: EngineCipher, options: Partial<KeyOptions> = {}) {
  const peer = addPeer()
  const toServer: EpochReferenceKey = { cipher, secret: randomBytes(32) }
  const toClient: EpochReferenceKey = { cipher, secret: randomBytes(32) }
  const none = new Uint8Array(0)
  const secrets = { sealKey: toClient.secret, openKey: toServer.secret, sealIv: none, openIv: none }
  test.engine.setKey({ peerId: PEER, slot: 'primary', keyId: 2, cipher, format: 'epoch', ...secrets, ...options })
  return { ...peer, toServer, toClient }
}

/** The slow, obvious form of what a receiver of the epoch format accepts: it remembers every id. */
class ReceiverModel {
  #current = 1
  #retiring = 0
  readonly #seen = new Map<number, Set<number>>()

  get epoch(): number {
    return this.#current
  }

  accepts(epoch: number, counter: number): boolean {
    const known = epoch === this.#current || (epoch === this.#retiring && epoch !== 0)
    const future = epoch > this.#current && epoch <= this.#current + FUTURE_EPOCHS
    if (!known && !future) return false
    const seen = this.#seen.get(epoch) ?? new Set<number>()
    const newest = Math.max(0, ...seen)
    if (counter === 0 || seen.has(counter) || counter + WINDOW <= newest) return false
    this.#seen.set(epoch, seen.add(counter))
    if (!future) return true
    this.#retiring = this.#current
    this.#current = epoch
    return true
  }
}

async function replyTo(
  toServer: EpochReferenceKey,
  toClient: EpochReferenceKey,
  step: { epoch: number; counter: number },
): Promise<OpenedEpochPacket | undefined> {
  const payload = `${String(step.epoch)}/${String(step.counter)}`
  const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from(payload))
  const drops = (): bigint => test.engine.counters().dropReplayed + test.engine.counters().dropUnknownEpoch
  const before = drops()
  await client.sendRaw(sealEpochPacket(toServer, { peerId: PEER, keyId: 2, ...step }, request))
  const packets: Buffer[] = []
  await vi.waitFor(
    () => {
      packets.push(...client.take())
      expect(packets.length > 0 || drops() > before).toBe(true)
    },
    { interval: 1 },
  )
  const opened = openEpochPacket(toClient, packets[0] ?? new Uint8Array(0))
  if (opened) expect(echoReplyPayload(Buffer.from(opened.text))?.toString()).toBe(payload)
  return opened
}

describe('the epoch format', () => {
  it.each(ENGINE_CIPHERS)('agrees with the reference on what is accepted and what is sent, with %s', async (cipher) => {
    const ahead = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 18 }))
    const back = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -4, max: 4 }) }, fc.integer({ min: 0, max: 2100 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ ahead, back }), { minLength: 1, maxLength: 40 }), async (steps) => {
        using peer = connectEpochPeer(cipher)
        const model = new ReceiverModel()
        let counter = 0
        let newest = 2000
        let sendEpoch = 1
        for (const { ahead, back } of steps) {
          const step = { epoch: Math.max(0, model.epoch + ahead), counter: Math.max(0, newest - back) }
          newest = Math.max(newest, step.counter)
          const expected = model.accepts(step.epoch, step.counter)
          const reply = await replyTo(peer.toServer, peer.toClient, step)
          expect(reply !== undefined).toBe(expected)
          if (!expected) continue
          counter = model.epoch === sendEpoch ? counter + 1 : 1
          sendEpoch = model.epoch
          expect(reply).toMatchObject({ peerId: PEER, keyId: 2, epoch: sendEpoch, counter })
        }
      }),
      { numRuns: 20 },
    )
  })

  it('begins at the counter that it is given, and counts 28 bytes of overhead', async () => {
    using peer = connectEpochPeer('AES-256-GCM', { firstPacketId: 2 ** 48 - 1 })
    expect(await replyTo(peer.toServer, peer.toClient, { epoch: 1, counter: 1 })).toMatchObject({
      epoch: 1,
      counter: 2 ** 48 - 1,
    })
    expect(await replyTo(peer.toServer, peer.toClient, { epoch: 1, counter: 2 })).toMatchObject({
      epoch: 2,
      counter: 1,
    })
    const { sentBytes, transportSentBytes, receivedBytes, transportReceivedBytes } = test.engine.statistics(PEER)
    expect(transportSentBytes - sentBytes).toBe(56n)
    expect(transportReceivedBytes - receivedBytes).toBe(56n)
  })
})

describe('a key’s own limits', () => {
  it('are reported once each, by whichever direction reaches them', async () => {
    using peer = connectEpochPeer('AES-256-GCM', { limits: { packets: 2n, bytes: 150n } })
    test.events.length = 0
    for (let counter = 1; counter <= 6; counter += 1) {
      await replyTo(peer.toServer, peer.toClient, { epoch: 1, counter })
    }
    await vi.waitFor(() => {
      expect(test.events).toEqual([
        { type: 'key-limit', peerId: PEER, keyId: 2, reason: 'packets' },
        { type: 'key-limit', peerId: PEER, keyId: 2, reason: 'bytes' },
      ])
    })
  })
})

describe('the byte of comp-lzo', () => {
  it('stands before every plaintext, and what is compressed or not framed is dropped and counted', async () => {
    using peer = addPeer()
    expect(peer).toBeDefined()
    const pair = randomKeyPair('AES-256-GCM', 0)
    test.engine.setKey({ ...engineKey(pair, PEER, 'primary'), framing: 'lzo-byte' })
    const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('framed'))
    const send = (packetId: number, ...text: Uint8Array[]): Promise<void> =>
      client.sendRaw(sealPacket(pair.toServer, { peerId: PEER, keyId: 0, packetId }, Buffer.concat(text)))
    await send(1, Buffer.from([NO_LZO]), request)
    const [packet] = await vi.waitUntil(() => {
      const taken = client.take()
      return taken.length > 0 && taken
    })
    const plaintext = Buffer.from(openPacket(pair.toClient, packet ?? new Uint8Array())?.text ?? [])
    expect(plaintext[0]).toBe(NO_LZO)
    expect(echoReplyPayload(plaintext.subarray(1))?.toString()).toBe('framed')
    await send(2, Buffer.from([0x66]), request)
    await send(3, request)
    await vi.waitFor(() => {
      expect(test.engine.counters().dropCompressed).toBe(2n)
    })
    expect(test.engine.statistics(PEER).receivedPackets).toBe(1n)
  })
})
