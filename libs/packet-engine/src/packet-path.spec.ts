import type { Namespace } from '@sallyport/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { ENGINE_CIPHERS, type EngineCipher } from './engine.ts'
import type { EngineCounter } from './engine-counters.ts'
import { openPacket, sealPacket } from './reference.ts'
import { echoRequest, echoRequestIpv6 } from './testing/inner-packet.ts'
import {
  addNetwork,
  engineKey,
  EngineUnderTest,
  type KeyPair,
  randomKeyPair,
  ReferenceClient,
} from './testing/tunnel.ts'

const PING = Buffer.from('2a187bf3641eb4cb07ed2d0a981fc748', 'hex')
const OCC = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c', 'hex')
const PEER = 0x01_0002

let test: EngineUnderTest
let client: ReferenceClient
const namespaces: Namespace[] = []

beforeAll(async () => {
  test = new EngineUnderTest()
  client = await ReferenceClient.create(test.local)
  namespaces.push(await addNetwork(test.engine, 7, 'spe-red'), await addNetwork(test.engine, 8, 'spe-blue'))
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  for (const namespace of namespaces) await namespace[Symbol.asyncDispose]()
})

/** A fresh peer with a fresh primary key; the packet ids of one client only grow, so one socket serves them all. */
function connectPeer(options: { cipher?: EngineCipher; peerId?: number; network?: number } = {}) {
  const { cipher = 'AES-256-GCM', peerId = PEER, network = 7 } = options
  const { engine } = test
  const path = test.pathTo(client.endPoint)
  engine.addPeer({ peerId, network, path, ipv4: '10.8.0.2', ipv6: 'fd00::2' })
  const pair = randomKeyPair(cipher, 0)
  engine.setKey(engineKey(pair, peerId, 'primary'))
  client.take()
  return {
    pair,
    [Symbol.dispose]: () => {
      engine.deletePeer(peerId)
    },
  }
}

async function echoed(pair: KeyPair, count: number): Promise<Buffer[]> {
  const replies: Buffer[] = []
  await vi.waitFor(
    () => {
      replies.push(...client.takeEchoReplies(pair))
      expect(replies.length).toBeGreaterThanOrEqual(count)
    },
    { timeout: 5000, interval: 2 },
  )
  return replies
}

async function expectCounted(counter: EngineCounter, act: () => Promise<unknown>, count = 1n): Promise<void> {
  const before = test.engine.counters()[counter]
  await act()
  await vi.waitFor(
    () => {
      expect(test.engine.counters()[counter]).toBe(before + count)
    },
    { interval: 5 },
  )
}

describe('dropped packets, each with its counter', () => {
  it('covers everything that a stranger or a peer may send', async () => {
    using peer = connectPeer()
    await using stranger = await ReferenceClient.create(test.local)
    const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.alloc(8))
    const packet = await client.send(peer.pair, PEER, request)
    const header = { peerId: PEER, keyId: 0, packetId: 500 }
    const sealed = sealPacket(peer.pair.toServer, header, request)
    const forged = Buffer.from(sealed)
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)

    await expectCounted('dropTooShort', () => client.sendRaw(sealed.subarray(0, 24)))
    await expectCounted('dropBadOpcode', () => client.sendRaw(Buffer.from([0x30, 1, 2, 3])))
    await expectCounted('dropReplayed', () => client.sendRaw(packet))
    await expectCounted('dropBadTag', () => client.sendRaw(forged))
    await expectCounted('dropBadTag', () => stranger.sendRaw(forged))
    await expectCounted('dropTooLong', () => client.sendRaw(Buffer.alloc(20_000, 0x48)))
    for (const [counter, changed] of [
      ['dropUnknownPeer', { ...header, peerId: 77 }],
      ['dropUnknownKey', { ...header, keyId: 3 }],
    ] as const) {
      await expectCounted(counter, () => client.sendRaw(sealPacket(peer.pair.toServer, changed, request)))
    }
    const spoofed = echoRequest('10.8.0.3', '10.8.0.1', Buffer.alloc(8))
    await expectCounted('dropSourceAddress', () => client.send(peer.pair, PEER, spoofed))
    const linkLocal = echoRequestIpv6('fe80::2', 'fd00::1', Buffer.alloc(8))
    await expectCounted('dropSourceAddress', () => client.send(peer.pair, PEER, linkLocal))
    await expectCounted('dropNotIp', () => client.send(peer.pair, PEER, Buffer.from('neither IPv4 nor IPv6')))
    await expectCounted('occIgnored', () => client.send(peer.pair, PEER, Buffer.concat([OCC, Buffer.from([1])])))
    await expectCounted('pingsReceived', () => client.send(peer.pair, PEER, PING))
  })

  it('covers what the host sends to nobody, or to a peer without a key', async () => {
    const [red] = namespaces
    const ping = ['ping', '-c', '1', '-W', '0.1'] as const
    await expectCounted('dropNoRoute', async () => red?.try(...ping, '10.8.0.99'))
    using peer = connectPeer()
    test.engine.deleteKey(PEER, 'primary')
    test.engine.deleteKey(PEER, 'primary')
    await expectCounted('dropNoKey', async () => red?.try(...ping, '10.8.0.2'))
    test.engine.setKey({ ...engineKey(peer.pair, PEER, 'primary'), firstPacketId: 0xffff_ffff })
    await expectCounted('dropKeyExhausted', async () =>
      red?.try('ping', '-c', '2', '-W', '0.1', '-i', '0.01', '10.8.0.2'),
    )
    expect(client.take().map((bytes) => bytes.readUInt32BE(4))).toEqual([0xffff_ffff])
    expect(test.events).toContainEqual({ type: 'key-limit', peerId: PEER, keyId: 0, reason: 'packet-id' })
  })

  it('covers a TUN device that is down', async () => {
    const [red] = namespaces
    using peer = connectPeer()
    await red?.exec('ip', 'link', 'set', 'tun0', 'down')
    const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.alloc(8))
    await expectCounted('dropTunWriteFailed', () => client.send(peer.pair, PEER, request))
    await red?.exec('ip', 'link', 'set', 'tun0', 'up')
    await red?.exec('ip', 'address', 'replace', 'fd00::1/64', 'dev', 'tun0', 'nodad')
  })
})

describe('carried packets', () => {
  it.each(ENGINE_CIPHERS)('go through engine and kernel and back with %s', async (cipher) => {
    using peer = connectPeer({ cipher })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 1400 })), { minLength: 1, maxLength: 24 }),
        async (requests) => {
          for (const [ipv6, payload] of requests) {
            const request = ipv6
              ? echoRequestIpv6('fd00::2', 'fd00::1', payload)
              : echoRequest('10.8.0.2', '10.8.0.1', payload)
            await client.send(peer.pair, PEER, request)
          }
          const replies = await echoed(peer.pair, requests.length)
          expect(replies.map((reply) => reply.toString('hex'))).toEqual(
            requests.map(([, payload]) => Buffer.from(payload).toString('hex')),
          )
        },
      ),
      { numRuns: 25 },
    )
  })

  it('are numbered from 1, sealed for their peer, and counted for it', async () => {
    using peer = connectPeer()
    const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.alloc(100))
    for (const expected of [1, 2, 3]) {
      await client.send(peer.pair, PEER, request)
      const [packet] = await vi.waitUntil(() => {
        const taken = client.take()
        return taken.length > 0 && taken
      })
      expect(openPacket(peer.pair.toClient, packet ?? new Uint8Array())).toMatchObject({
        peerId: PEER,
        keyId: 0,
        packetId: expected,
      })
    }
    const inner = BigInt(3 * request.length)
    expect(test.engine.statistics(PEER)).toEqual({
      receivedBytes: inner,
      receivedPackets: 3n,
      sentBytes: inner,
      sentPackets: 3n,
      transportReceivedBytes: inner + 72n,
      transportSentBytes: inner + 72n,
    })
  })

  it('stay in their network when two networks use the same inner addresses', async () => {
    using red = connectPeer({ peerId: 1, network: 7 })
    using blue = connectPeer({ peerId: 2, network: 8, cipher: 'CHACHA20-POLY1305' })
    await client.send(blue.pair, 2, echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('blue')))
    expect((await echoed(blue.pair, 1)).map(String)).toEqual(['blue'])
    await client.send(red.pair, 1, echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('red')))
    expect((await echoed(red.pair, 1)).map(String)).toEqual(['red'])
    expect(test.engine.statistics(1).receivedPackets).toBe(1n)
    expect(test.engine.statistics(2).receivedPackets).toBe(1n)
  })

  it('larger than the path’s MTU arrive in fragments of the outer packet', async () => {
    const [red] = namespaces
    using peer = connectPeer()
    await red?.exec('ip', 'link', 'set', 'tun0', 'mtu', '9000')
    const payload = Buffer.alloc(8900, 0x61)
    await client.send(peer.pair, PEER, echoRequest('10.8.0.2', '10.8.0.1', payload))
    expect((await echoed(peer.pair, 1))[0]?.equals(payload)).toBe(true)
    await red?.exec('ip', 'link', 'set', 'tun0', 'mtu', '1500')
  })
})

describe('keys', () => {
  it('of the secondary slot open at once, are reported once, and seal after a swap', async () => {
    using peer = connectPeer()
    const next = randomKeyPair('CHACHA20-POLY1305', 1)
    test.engine.setKey(engineKey(next, PEER, 'secondary'))
    const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from('hello'))
    const used = (): number => test.events.filter(({ type }) => type === 'key-used').length
    await client.send(next, PEER, request)
    await echoed(peer.pair, 1)
    await client.send(next, PEER, request)
    await echoed(peer.pair, 1)
    await vi.waitFor(() => {
      expect(test.events).toContainEqual({ type: 'key-used', peerId: PEER, keyId: 1 })
    })
    test.engine.swapKeys(PEER)
    await client.send(peer.pair, PEER, request)
    await echoed(next, 1)
    expect(used()).toBe(1)
    test.engine.deleteKey(PEER, 'secondary')
    await expectCounted('dropUnknownKey', () => client.send(peer.pair, PEER, request))
  })
})

describe('keepalive', () => {
  it('pings an idle peer and reports a silent one once', { timeout: 15_000 }, async () => {
    using peer = connectPeer()
    test.engine.setKeepalive(PEER, { intervalSeconds: 1, timeoutSeconds: 2 })
    const timeouts = (): number => test.events.filter(({ type }) => type === 'peer-timeout').length
    const pings = await vi.waitUntil(() => timeouts() > 0 && client.take(), { timeout: 6000 })
    const texts = pings.map((packet) => Buffer.from(openPacket(peer.pair.toClient, packet)?.text ?? []))
    expect(texts.length).toBeGreaterThanOrEqual(2)
    expect(texts.every((text) => text.equals(PING))).toBe(true)
    await expectCounted('pingsSent', () => Promise.resolve(), 0n)
    expect(timeouts()).toBe(1)
  })

  it('reports the goodbye of a peer once', async () => {
    using peer = connectPeer()
    const exit = Buffer.concat([OCC, Buffer.from([6])])
    await client.send(peer.pair, PEER, exit)
    await client.send(peer.pair, PEER, exit)
    await expectCounted('pingsReceived', () => client.send(peer.pair, PEER, PING))
    await vi.waitFor(() => {
      expect(test.events.filter(({ type }) => type === 'occ-exit')).toEqual([{ type: 'occ-exit', peerId: PEER }])
    })
  })
})
