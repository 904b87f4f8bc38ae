import type { EndedReport, EstablishedReport } from '@sallyport/contracts'
import type { PushConfiguration, SessionAction } from '@sallyport/openvpn-session'
import type { KeyOptions, PacketEngine, PeerStatistics } from '@sallyport/packet-engine'
import { createLogger } from '@sallyport/telemetry'
import { beforeEach, expect, it } from 'vitest'

import { type Connection, openConnection } from './connection.ts'
import { PeerIds } from './peer-ids.ts'
import { sizesFor } from './peer-terms.ts'
import { SAMPLE_ID, SAMPLE_LEASE, sampleGrant, sampleNetwork, samplePath } from './testing/sample-grant.ts'

type InstallKeys = SessionAction & { type: 'install-keys' }

const STATISTICS: PeerStatistics = {
  receivedBytes: 1_000n,
  receivedPackets: 10n,
  sentBytes: 2_000n,
  sentPackets: 20n,
  transportReceivedBytes: 1_240n,
  transportSentBytes: 2_480n,
}

let calls: unknown[][]
let keys: KeyOptions[]
let ended: EndedReport[]
let established: EstablishedReport[]
let released: string[]
let peerIds: PeerIds
let statistics: () => PeerStatistics

beforeEach(() => {
  calls = []
  keys = []
  ended = []
  established = []
  released = []
  peerIds = new PeerIds(1)
  statistics = () => STATISTICS
})

const note =
  (name: string) =>
  (...args: unknown[]): void => {
    calls.push([name, ...args])
  }

/** Copies the keys, since their owner wipes them. */
const setKey: PacketEngine['setKey'] = (options) => {
  const { sealKey, sealIv, openKey, openIv } = options
  keys.push({
    ...options,
    sealKey: Uint8Array.from(sealKey),
    sealIv: Uint8Array.from(sealIv),
    openKey: Uint8Array.from(openKey),
    openIv: Uint8Array.from(openIv),
  })
}

function open(changes: Parameters<typeof sampleGrant>[0] = {}, addPeer = note('addPeer')): Connection {
  const services = {
    engine: {
      addPeer,
      setKey,
      deletePeer: note('deletePeer'),
      swapKeys: note('swapKeys'),
      deleteKey: note('deleteKey'),
      setKeepalive: note('setKeepalive'),
      setLimits: note('setLimits'),
      statistics: () => statistics(),
    },
    peerIds,
    leases: { release: (id: string) => Promise.resolve(void released.push(id)) },
    reports: {
      established: (_id: string, report: EstablishedReport) => established.push(report),
      ended: (id: string, report: EndedReport) => {
        note('reportEnd')(id)
        ended.push(report)
      },
    },
    captures: { finish: note('finishCapture') },
    log: createLogger('test', 'silent'),
  }
  return openConnection({ grant: sampleGrant(changes), lease: SAMPLE_LEASE, network: 3 }, samplePath(), services)
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
const classic = (): InstallKeys => ({
  type: 'install-keys',
  keyId: 0,
  slot: 'primary',
  framing: 'none',
  keys: {
    format: 'classic',
    cipher: 'AES-256-GCM',
    sealKey: bytes(32, 1),
    sealIv: bytes(8, 2),
    openKey: bytes(32, 3),
    openIv: bytes(8, 4),
  },
})

it('adds the peer where its client is, with the addresses of its lease, its sizes and its limits', () => {
  const { peerId } = open({ network: sampleNetwork({ downloadPacketsPerSecond: 500 }) })
  const { ipv4, ipv6 } = SAMPLE_LEASE
  const path = samplePath()
  expect(calls).toEqual([
    ['addPeer', { peerId, network: 3, path, ipv4, ipv6, ...sizesFor(path) }],
    ['setLimits', peerId, { received: {}, sent: { packetsPerSecond: 500 } }],
  ])
})

it('holds a connected client to limits that its network gets', () => {
  const connection = open()
  calls = []
  const network = sampleNetwork({ version: 99, uploadKilobitsPerSecond: 8 })
  expect(connection.updateNetwork(network)).toBeUndefined()
  const set = ['setLimits', connection.peerId, { received: { bytesPerSecond: 1000 }, sent: {} }]
  expect(calls).toEqual([set])
  connection.updateNetwork({ ...network, version: 100, routes: ['10.99.0.0/16'] })
  expect(calls).toEqual([set])
})

it('gives the peer-id back when the engine refuses the peer', () => {
  const refuse = () => {
    throw new Error('no room')
  }
  expect(() => open({}, refuse)).toThrow('no room')
  peerIds.free(open().peerId)
  const used = Array.from({ length: 0x10000 }, () => peerIds.allocate())
  expect(used).not.toContain(undefined)
})

it('hands classic keys over as they are, and wipes its copies', () => {
  const action = classic()
  const { peerId } = open()
  open().installKeys(action)
  expect(keys[0]).toMatchObject({ format: 'classic', framing: 'none', keyId: 0, slot: 'primary' })
  expect(keys[0]?.peerId).toBe(peerId + 1)
  expect([keys[0]?.sealKey, keys[0]?.sealIv]).toEqual([bytes(32, 1), bytes(8, 2)])
  expect([keys[0]?.openKey, keys[0]?.openIv]).toEqual([bytes(32, 3), bytes(8, 4)])
  expect(keys[0]).not.toHaveProperty('limits')
  expect([action.keys.sealKey, action.keys.openKey]).toEqual([bytes(32, 0), bytes(32, 0)])
})

it('hands epoch secrets over without IVs, and the framing that the client insists on', () => {
  const secrets = { format: 'epoch', cipher: 'AES-256-GCM', sealKey: bytes(32, 1), openKey: bytes(32, 3) } as const
  open().installKeys({ ...classic(), framing: 'lzo-byte', keys: secrets })
  expect(keys[0]).toMatchObject({ format: 'epoch', framing: 'lzo-byte', sealKey: bytes(32, 1), openKey: bytes(32, 3) })
  expect([keys[0]?.sealIv.length, keys[0]?.openIv.length]).toEqual([0, 0])
  expect(secrets.sealKey).toEqual(bytes(32, 0))
})

it("limits keys by what the tenant wants, and those of a renegotiation by the tenant's newest wish", () => {
  const connection = open({ keyLimitBytes: 5_000_000_000 })
  connection.installKeys(classic())
  connection.renew(sampleGrant({ keyLimitBytes: null, keyLimitPackets: 1_000 }), 0)
  connection.installKeys(classic())
  expect(keys.map(({ limits }) => limits)).toEqual([{ bytes: 5_000_000_000n }, { packets: 1_000n }])
})

it('empties the slot of keys that are no longer needed', () => {
  const connection = open()
  connection.deleteKeys({ type: 'delete-keys', slot: 'secondary' })
  expect(calls.at(-1)).toEqual(['deleteKey', connection.peerId, 'secondary'])
})

it('asks for new keys up to a tenth before the time that was set, never after', () => {
  const connection = open({ renegotiateAfterSeconds: 1_000 })
  const times = Array.from({ length: 100 }, () => connection.sessionGrant.renegotiateAfterMs ?? 0)
  expect(Math.max(...times)).toBeLessThanOrEqual(1_000_000)
  expect(Math.min(...times)).toBeGreaterThanOrEqual(900_000)
  expect(new Set(times).size).toBeGreaterThan(1)
})

it('gives the session its newest token and end', () => {
  const connection = open()
  const sessionEndsAt = new Date(9_999_000).toISOString()
  connection.renew(sampleGrant({ sessionToken: 'SESS_ID_AT_new', sessionEndsAt }), 0)
  expect(connection.sessionGrant).toMatchObject({ authToken: 'SESS_ID_AT_new', endsAtMs: 9_999_000 })
})

it('keeps an end that was moved while a renegotiation was decided, and takes that of a later one', () => {
  const connection = open()
  const at = (ms: number): string => new Date(ms).toISOString()
  expect(connection.moveEnd(at(8_000_000), 1_000)).toBe(8_000_000)
  expect(connection.moveEnd(at(8_000_000), 2_000)).toBeUndefined()
  expect(connection.moveEnd(at(1_000_000), 999)).toBeUndefined()
  connection.renew(sampleGrant({ sessionToken: 'SESS_ID_AT_new', sessionEndsAt: at(1_000_000) }), 999)
  expect(connection.sessionGrant).toMatchObject({ authToken: 'SESS_ID_AT_new', endsAtMs: 8_000_000 })
  connection.renew(sampleGrant({ sessionEndsAt: at(9_000_000) }), 1_001)
  expect(connection.sessionGrant.endsAtMs).toBe(9_000_000)
})

it('detects a dead peer after twice the time that the client was given', () => {
  const connection = open({ keepalive: { pingSeconds: 5, pingRestartSeconds: 20 } })
  connection.renew(sampleGrant({ keepalive: { pingSeconds: 1, pingRestartSeconds: 2 } }), 0)
  connection.establish('AES-256-GCM', samplePath())
  expect(calls.at(-1)).toEqual(['setKeepalive', connection.peerId, { intervalSeconds: 5, timeoutSeconds: 40 }])
  expect(established).toEqual([{ ipv4: SAMPLE_LEASE.ipv4, ipv6: SAMPLE_LEASE.ipv6, cipher: 'AES-256-GCM' }])
})

it('has something to tell only when a newer version of its network differs for the client', () => {
  const connection = open()
  const routes = ['172.16.0.0/12']
  const told: (PushConfiguration | undefined)[] = [
    connection.updateNetwork(sampleNetwork({ routes })),
    connection.updateNetwork(sampleNetwork({ version: 2 })),
    connection.updateNetwork(sampleNetwork({ version: 4, networkId: SAMPLE_ID.replace('0b', '1b'), routes })),
    connection.updateNetwork(sampleNetwork({ version: 3, routes })),
    connection.updateNetwork(sampleNetwork({ version: 2 })),
  ]
  expect(told.map((configuration) => configuration?.routes)).toEqual([
    undefined,
    undefined,
    undefined,
    routes,
    undefined,
  ])
  expect(connection.sessionGrant.configuration.routes).toEqual(routes)
})

it('keeps its addresses whatever the news of its network say', () => {
  const connection = open()
  const configuration = connection.updateNetwork(sampleNetwork({ version: 2, ipv4: '10.9.0.0/16', dnsServers: [] }))
  expect(configuration).toMatchObject({ ipv4: { netmask: '255.255.255.0', gateway: '10.8.0.1' } })
})

it('takes no older network from a renegotiation', () => {
  const connection = open()
  connection.updateNetwork(sampleNetwork({ version: 3, routes: [] }))
  connection.renew(sampleGrant(), 0)
  expect(connection.grant.network.version).toBe(3)
})

it('ends once: peer, peer-id, addresses and report', () => {
  const connection = open()
  connection.close('client-exit')
  connection.close('keepalive-timeout')
  expect(calls.filter(([name]) => name === 'deletePeer')).toEqual([['deletePeer', connection.peerId]])
  expect(released).toEqual([SAMPLE_ID])
  expect(ended).toEqual([{ reason: 'client-exit', receivedBytes: '1000', sentBytes: '2000' }])
})

it('ends its capture while the peer is there, and before its end is reported, since a report needs a live connection', () => {
  const connection = open()
  calls = []
  connection.close('client-exit')
  expect(calls).toEqual([
    ['finishCapture', SAMPLE_ID],
    ['deletePeer', connection.peerId],
    ['reportEnd', SAMPLE_ID],
  ])
})

it('gives everything back even when the engine has no such peer any more', () => {
  statistics = () => {
    throw new Error('unknown peer')
  }
  const connection = open()
  connection.close('client-exit')
  expect(released).toEqual([SAMPLE_ID])
  expect(ended).toEqual([{ reason: 'client-exit', receivedBytes: '0', sentBytes: '0' }])
})
