import { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { PeerOptions } from './engine.ts'
import { echoRequest } from './testing/inner-packet.ts'
import { codeOf } from './testing/refusal.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair, ReferenceClient } from './testing/tunnel.ts'

const SITE = 0x01_0003
const ROAMER = 0x01_0004

let server: EngineUnderTest
let client: ReferenceClient
let inside: Namespace

beforeAll(async () => {
  server = new EngineUnderTest()
  client = await ReferenceClient.create(server.local)
  inside = await addNetwork(server.engine, 1, 'spe-routes')
  for (const prefix of ['10.9.0.0/16', '198.51.100.0/24'])
    await inside.exec('ip', 'route', 'add', prefix, 'dev', 'tun0')
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await inside[Symbol.asyncDispose]()
})

function options(peerId: number, ipv4: string, routes: readonly string[] = []): PeerOptions {
  return { peerId, network: 1, path: server.pathTo(client.endPoint), ipv4, ipv6: undefined, routes }
}

function connectPeer(...peer: Parameters<typeof options>) {
  const described = options(...peer)
  const pair = randomKeyPair('AES-256-GCM', 0)
  server.engine.addPeer(described)
  server.engine.setKey(engineKey(pair, described.peerId, 'primary'))
  return {
    pair,
    [Symbol.dispose]: () => {
      server.engine.deletePeer(described.peerId)
    },
  }
}

describe('routes behind a peer', () => {
  it('take a reply to the peer with the longest prefix, and a source from it alone', async () => {
    using site = connectPeer(SITE, '10.8.0.3', ['10.9.0.0/16', '198.51.100.0/24'])
    using roamer = connectPeer(ROAMER, '10.8.0.4', ['10.9.7.0/24'])
    client.take()
    for (const [peer, peerId, source] of [
      [site, SITE, '10.9.6.1'],
      [site, SITE, '198.51.100.200'],
      [roamer, ROAMER, '10.9.7.1'],
    ] as const) {
      const payload = Buffer.from(`from ${source}`)
      await client.send(peer.pair, peerId, echoRequest(source, '10.8.0.1', payload))
      await vi.waitFor(() => {
        expect(client.takeEchoReplies(peer.pair)).toEqual([payload])
      })
    }
    const before = server.engine.counters().dropSourceAddress
    await client.send(site.pair, SITE, echoRequest('10.9.7.1', '10.8.0.1', Buffer.alloc(8)))
    await client.send(roamer.pair, ROAMER, echoRequest('10.9.6.1', '10.8.0.1', Buffer.alloc(8)))
    await client.send(site.pair, SITE, echoRequest('198.51.101.1', '10.8.0.1', Buffer.alloc(8)))
    await vi.waitFor(() => {
      expect(server.engine.counters().dropSourceAddress).toBe(before + 3n)
    })
  })

  it('are refused when another peer of the network has them, or when they are no prefixes, and nothing of them stays', () => {
    using site = connectPeer(SITE, '10.8.0.3', ['10.9.0.0/16', '2001:db8::/48'])
    expect(site).toBeDefined()
    const refusal = (...peer: Parameters<typeof options>): string | undefined =>
      codeOf(() => {
        server.engine.addPeer(options(...peer))
        server.engine.deletePeer(peer[0])
      })
    expect(refusal(ROAMER, '10.8.0.4', ['10.10.0.0/16', '10.9.0.0/16'])).toBe('duplicate-route')
    expect(refusal(ROAMER, '10.8.0.4', ['2001:db8::/48'])).toBe('duplicate-route')
    expect(refusal(ROAMER, '10.8.0.4', ['10.8.0.4/32'])).toBe('duplicate-route')
    expect(refusal(ROAMER, '10.8.0.4', ['10.8.0.3/32'])).toBe('duplicate-route')
    expect(refusal(ROAMER, '10.8.0.3')).toBe('duplicate-address')
    for (const route of ['', '10.9.0.0', '10.9.0.0/33', '10.9.0.0/', '10.9.0.1/16', '/8', '1.2.3/8', '::/129', 'x/8']) {
      expect(refusal(ROAMER, '10.8.0.4', [route])).toBe('bad-address')
    }
    expect(refusal(ROAMER, '10.8.0.4', ['10.10.0.0/16', '10.9.0.0/17', '::/0', '0.0.0.0/0'])).toBeUndefined()
  })
})

describe('a network that routes by source', () => {
  it('carries each of its addresses over its own peer, and takes from a peer only what is for that address', async () => {
    await using clients = new EngineUnderTest()
    await using outside = await Namespace.create('spe-source')
    clients.engine.addNetwork({ network: 0, namespace: outside.name, interfaceName: 'tun0', routeBy: 'source' })
    await outside.exec('ip', 'link', 'set', 'tun0', 'up')
    await outside.exec('ip', 'route', 'add', '10.8.0.0/24', 'dev', 'tun0')
    const addresses = ['10.8.0.11', '10.8.0.12']
    for (const [index, ipv4] of addresses.entries()) {
      const peerId = 100 + index
      const pair = randomKeyPair('AES-256-GCM', 1)
      const key = engineKey(pair, peerId, 'primary')
      const { sealKey: openKey, sealIv: openIv, openKey: sealKey, openIv: sealIv } = key
      await outside.exec('ip', 'address', 'add', `${ipv4}/32`, 'dev', 'tun0')
      clients.engine.addPeer({ peerId, network: 0, path: clients.pathTo(server.local), ipv4, ipv6: undefined })
      clients.engine.setKey({ ...key, sealKey, sealIv, openKey, openIv })
      server.engine.addPeer({ ...options(peerId, ipv4), path: server.pathTo(clients.local) })
      server.engine.setKey(key)
    }
    for (const address of addresses) {
      expect(await outside.exec('ping', '-c', '1', '-W', '2', '-I', address, '10.8.0.1')).toContain(' 0% packet loss')
    }
    expect(server.engine.statistics(100)).toMatchObject({ receivedPackets: 1n, sentPackets: 1n })
    expect(clients.engine.statistics(101)).toMatchObject({ receivedPackets: 1n, sentPackets: 1n })

    // What the server sends to the wrong client is not let in.
    server.engine.deletePeer(100)
    server.engine.deletePeer(101)
    const pair = randomKeyPair('AES-256-GCM', 2)
    const key = engineKey(pair, 100, 'primary')
    const { sealKey: openKey, sealIv: openIv, openKey: sealKey, openIv: sealIv } = key
    clients.engine.setKey({ ...key, sealKey, sealIv, openKey, openIv })
    server.engine.addPeer({ ...options(100, '10.8.0.12'), path: server.pathTo(clients.local) })
    server.engine.setKey(key)
    await inside.exec('ping', '-c', '1', '-W', '1', '10.8.0.12').catch(() => undefined)
    expect(clients.engine.counters().dropSourceAddress).toBe(1n)
    server.engine.deletePeer(100)
  })
})
