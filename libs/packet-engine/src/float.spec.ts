import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import type { EngineCounter } from './engine-counters.ts'
import { sealPacket } from './reference.ts'
import { echoRequest } from './testing/inner-packet.ts'
import {
  addNetwork,
  engineKey,
  EngineUnderTest,
  type KeyPair,
  randomKeyPair,
  ReferenceClient,
} from './testing/tunnel.ts'

let test: EngineUnderTest
let namespace: Namespace
let home: ReferenceClient
let away: ReferenceClient
let pair: KeyPair

beforeAll(async () => {
  test = new EngineUnderTest()
  namespace = await addNetwork(test.engine, 0, 'spe-float')
  home = await ReferenceClient.create(test.local)
  away = await ReferenceClient.create(test.local)
})

afterAll(async () => {
  await home[Symbol.asyncDispose]()
  await away[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

beforeEach(() => {
  pair = randomKeyPair('AES-256-GCM', 0)
  test.events.length = 0
  const path = test.pathTo(home.endPoint)
  test.engine.addPeer({ peerId: 1, network: 0, path, ipv4: '10.8.0.2', ipv6: undefined })
  test.engine.setKey(engineKey(pair, 1, 'primary'))
  return () => {
    test.engine.deletePeer(1)
  }
})

function sealed(packetId: number, { toServer, keyId } = pair): Buffer {
  const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from(`packet ${String(packetId)}`))
  return Buffer.from(sealPacket(toServer, { peerId: 1, keyId, packetId }, request))
}

async function expectReply(client: ReferenceClient, packetId: number, key = pair): Promise<void> {
  const replies: string[] = []
  await vi.waitFor(() => {
    replies.push(...client.takeEchoReplies(key).map(String))
    expect(replies).toEqual([`packet ${String(packetId)}`])
  })
}

async function expectDrop(counter: EngineCounter, act: () => Promise<void>): Promise<void> {
  const before = test.engine.counters()[counter]
  await act()
  await vi.waitFor(() => {
    expect(test.engine.counters()[counter]).toBe(before + 1n)
  })
}

const floats = (): unknown[] => test.events.filter(({ type }) => type === 'peer-float')

describe('a peer whose address changes', () => {
  it('is answered at the new address from its first packet on, and the move is reported', async () => {
    await home.sendRaw(sealed(1))
    await expectReply(home, 1)
    await away.sendRaw(sealed(2))
    await expectReply(away, 2)
    expect(floats()).toEqual([{ type: 'peer-float', peerId: 1, path: test.pathTo(away.endPoint) }])
    await away.sendRaw(sealed(3))
    await expectReply(away, 3)
    expect(floats()).toHaveLength(1)
  })

  it('stays where it is when a late packet from the old address comes, which is delivered all the same', async () => {
    const late = sealed(1)
    await away.sendRaw(sealed(2))
    await expectReply(away, 2)
    await home.sendRaw(late)
    await expectReply(away, 1)
    expect(floats()).toHaveLength(1)
  })

  it('is not moved by a packet of its previous key that somebody held back, which is delivered all the same', async () => {
    const next = randomKeyPair('AES-256-GCM', 1)
    test.engine.setKey(engineKey(next, 1, 'secondary'))
    test.engine.swapKeys(1)
    const heldBack = sealed(9)
    await home.sendRaw(sealed(1, next))
    await expectReply(home, 1, next)
    await away.sendRaw(heldBack)
    await expectReply(home, 9, next)
    expect(floats()).toEqual([])
    await away.sendRaw(sealed(2, next))
    await expectReply(away, 2, next)
    expect(floats()).toHaveLength(1)
  })

  it('is not moved by a replayed or a forged packet', async () => {
    const genuine = sealed(1)
    await home.sendRaw(genuine)
    await expectReply(home, 1)
    await expectDrop('dropReplayed', () => away.sendRaw(genuine))
    const forged = sealed(2)
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    await expectDrop('dropBadTag', () => away.sendRaw(forged))
    await home.sendRaw(sealed(2))
    await expectReply(home, 2)
    expect(away.take()).toEqual([])
    expect(floats()).toEqual([])
  })
})
