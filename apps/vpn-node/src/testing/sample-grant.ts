import type { ConnectionGrant, Lease, NodeNetwork } from '@sallyport/contracts'
import type { Path } from '@sallyport/packet-engine'

/** Id of everything in the samples. */
export const SAMPLE_ID = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a01'

/** A session token of the form that auth-service issues. */
export const SAMPLE_TOKEN = `SESS_ID_AT_${'A'.repeat(80)}`

/** A network of both families. */
export function sampleNetwork(changes: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    networkId: SAMPLE_ID,
    tenantId: SAMPLE_ID,
    name: 'office',
    namespace: null,
    ipv4: '10.8.0.0/24',
    ipv6: 'fd00:8::/112',
    routes: ['192.168.7.0/24', 'fd00:7::/64'],
    dnsServers: ['192.168.7.53'],
    dnsDomains: ['corp.example'],
    dnsResolveDomains: [],
    blockOutsideDns: false,
    blockIpv6: false,
    inactiveSeconds: null,
    uploadKilobitsPerSecond: null,
    downloadKilobitsPerSecond: null,
    uploadPacketsPerSecond: null,
    downloadPacketsPerSecond: null,
    version: 1,
    ...changes,
  }
}

/** A grant that ends in a minute. */
export function sampleGrant(changes: Partial<ConnectionGrant> = {}): ConnectionGrant {
  return {
    connectionId: SAMPLE_ID,
    userId: SAMPLE_ID,
    username: 'bob',
    deviceId: SAMPLE_ID,
    network: sampleNetwork(),
    sessionToken: SAMPLE_TOKEN,
    sessionEndsAt: new Date(Date.now() + 60_000).toISOString(),
    keepalive: { pingSeconds: 10, pingRestartSeconds: 30 },
    renegotiateAfterSeconds: 3600,
    keyLimitBytes: null,
    keyLimitPackets: null,
    ...changes,
  }
}

export const SAMPLE_LEASE: Lease = {
  networkId: SAMPLE_ID,
  deviceId: SAMPLE_ID,
  connectionId: SAMPLE_ID,
  ipv4: '10.8.0.5',
  ipv6: 'fd00:8::5',
  ttlSeconds: 120,
}

/** The path of a UDP client, or with a stream that of a TCP client. */
export function samplePath(port = 4711, stream?: number): Path {
  return {
    listener: 0,
    transport: stream === undefined ? 'udp' : 'tcp',
    remote: { address: '192.0.2.1', port },
    local: { address: '198.51.100.1', port: 1194 },
    stream,
  }
}
