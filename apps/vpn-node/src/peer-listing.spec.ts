import { EngineError, type PeerCounters } from '@sallyport/packet-engine'
import { expect, it } from 'vitest'

import { listPeers } from './peer-listing.ts'
import { sampleGrant } from './testing/sample-grant.ts'

const grant = sampleGrant()
const host = (peerId: number) =>
  ({ grant, connection: { peerId } }) as unknown as Parameters<typeof listPeers>[0][number]
const counters = { receivedBytes: 5n, drops: { dropSourceAddress: 3n, dropReplay: 0n } } as unknown as PeerCounters

it('lists every connection with what it carried and what was dropped of it, but those that have just ended', async () => {
  const engine = {
    peerCounters: (peerId: number): PeerCounters => {
      if (peerId === 8) throw new EngineError('unknown-peer', 'no such peer')
      return counters
    },
  }
  const handshake = { grant: undefined, connection: undefined }
  const hosts = [...Array.from({ length: 250 }, (_, index) => host(100 + index)), host(8), handshake]
  const listed = await listPeers(hosts, engine)
  expect(listed).toHaveLength(250)
  expect(listed[0]).toEqual({
    connectionId: grant.connectionId,
    tenantId: grant.network.tenantId,
    deviceId: grant.deviceId,
    network: grant.network.name,
    peerId: 100,
    counters: { receivedBytes: 5 },
    drops: { dropSourceAddress: 3 },
  })
})

it('hides no other failure', async () => {
  const peerCounters = (): PeerCounters => {
    throw new Error('stopped')
  }
  await expect(listPeers([host(1)], { peerCounters })).rejects.toThrow('stopped')
})
