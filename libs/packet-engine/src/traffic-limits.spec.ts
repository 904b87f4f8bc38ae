import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { NETWORK_DROPS, PEER_DROPS } from './engine-counters.ts'
import { echoRequest } from './testing/inner-packet.ts'
import { codeOf } from './testing/refusal.ts'
import {
  addNetwork,
  engineKey,
  EngineUnderTest,
  type KeyPair,
  randomKeyPair,
  ReferenceClient,
} from './testing/tunnel.ts'
import type { TrafficLimit } from './traffic-counters.ts'

const PEER = 0x01_0005

let test: EngineUnderTest
let client: ReferenceClient
let inside: Namespace
let pair: KeyPair

beforeAll(async () => {
  test = new EngineUnderTest()
  client = await ReferenceClient.create(test.local)
  inside = await addNetwork(test.engine, 4, 'spe-limits')
  pair = randomKeyPair('AES-256-GCM', 0)
  const path = test.pathTo(client.endPoint)
  test.engine.addPeer({ peerId: PEER, network: 4, path, ipv4: '10.8.0.2', ipv6: undefined })
  test.engine.setKey(engineKey(pair, PEER, 'primary'))
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  await inside[Symbol.asyncDispose]()
})

async function ask(count: number, payload = 'a'): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await client.send(pair, PEER, echoRequest('10.8.0.2', '10.8.0.1', Buffer.from(payload)))
  }
}

function limited(): bigint {
  return test.engine.peerCounters(PEER).drops.dropRateLimited
}

describe('the limits of a peer', () => {
  it('stop what comes from it beyond the rate, and end when they are taken away', async () => {
    const before = test.engine.peerCounters(PEER).receivedPackets
    test.engine.setLimits(PEER, { received: { packetsPerSecond: 1, burstMs: 5000 } })
    await ask(12)
    await vi.waitFor(() => {
      expect(limited()).toBe(7n)
    })
    expect(test.engine.peerCounters(PEER).receivedPackets).toBe(before + 5n)
    test.engine.setLimits(PEER, {})
    await ask(12)
    await vi.waitFor(() => {
      expect(test.engine.peerCounters(PEER)).toMatchObject({ receivedPackets: before + 17n, sentPackets: before + 17n })
    })
    expect(limited()).toBe(7n)
    expect(test.engine.networkCounters(4)).toMatchObject({ drops: { dropRateLimited: 7n } })
  })

  it('stop what is sent to it, by bytes too', async () => {
    const before = limited()
    // An echo of one byte is 29 bytes long: three of them make the burst.
    test.engine.setLimits(PEER, { sent: { bytesPerSecond: 9, burstMs: 10_000 } })
    await ask(8, 'b')
    await vi.waitFor(() => {
      expect(limited()).toBe(before + 5n)
    })
    test.engine.setLimits(PEER, {})
    const replies: string[] = []
    await vi.waitFor(() => {
      replies.push(...client.takeEchoReplies(pair).map(String))
      expect(replies.filter((reply) => reply === 'b')).toHaveLength(3)
    })
  })

  it('are refused when they are no limits', () => {
    const refusal = (limit: TrafficLimit, peerId = PEER): string | undefined =>
      codeOf(() => {
        test.engine.setLimits(peerId, { sent: limit })
      })
    const bad = [{ bytesPerSecond: 0 }, { bytesPerSecond: 1.5 }, { packetsPerSecond: -1 }, { packetsPerSecond: 1e10 }]
    for (const limit of [...bad, { bytesPerSecond: NaN }, { burstMs: 0 }, { burstMs: 60_001 }]) {
      expect(refusal(limit)).toBe('bad-argument')
    }
    expect(refusal({ bytesPerSecond: 1 }, 77)).toBe('unknown-peer')
  })
})

describe('counters', () => {
  it('name every drop of a peer and of a network, and nothing of those that do not exist', () => {
    expect(Object.keys(test.engine.peerCounters(PEER).drops)).toEqual([...PEER_DROPS])
    expect(Object.keys(test.engine.networkCounters(4).drops)).toEqual([...NETWORK_DROPS])
    expect(() => test.engine.peerCounters(77)).toThrow('no peer 77')
    expect(() => test.engine.networkCounters(5)).toThrow('no network 5')
    expect(() => test.engine.networkCounters(-1)).toThrow('whole number')
  })

  it('tell a drop to its peer and its network, and keep the network’s when the peer goes', async () => {
    const { drops, receivedPackets } = test.engine.networkCounters(4)
    const spoofed = echoRequest('10.8.0.9', '10.8.0.1', Buffer.alloc(8))
    await client.send(pair, PEER, spoofed)
    await inside.exec('ping', '-c', '1', '-W', '1', '10.8.0.77').catch(() => undefined)
    await vi.waitFor(() => {
      expect(test.engine.peerCounters(PEER).drops.dropSourceAddress).toBe(1n)
    })
    test.engine.deletePeer(PEER)
    const after = test.engine.networkCounters(4)
    expect(after.drops.dropSourceAddress).toBe(drops.dropSourceAddress + 1n)
    expect(after.drops.dropNoRoute).toBeGreaterThan(drops.dropNoRoute)
    expect(after.receivedPackets).toBe(receivedPackets)
  })
})
