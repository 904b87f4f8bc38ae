import { expect, it } from 'vitest'

import { pushConfiguration } from './push-configuration.ts'
import { SAMPLE_LEASE, sampleGrant, sampleNetwork } from './testing/sample-grant.ts'

it('gives addresses, gateways, routes, names and keepalive', () => {
  expect(pushConfiguration(sampleGrant(), SAMPLE_LEASE)).toEqual({
    ipv4: { address: '10.8.0.5', netmask: '255.255.255.0', gateway: '10.8.0.1' },
    ipv6: { address: 'fd00:8::5', prefixLength: 112, gateway: 'fd00:8::1' },
    keepalive: { pingSeconds: 10, pingRestartSeconds: 30 },
    routes: ['192.168.7.0/24', 'fd00:7::/64'],
    dns: { servers: ['192.168.7.53'], searchDomains: ['corp.example'], resolveDomains: [] },
    blockOutsideDns: false,
    blockIpv6: false,
    tunMtu: 1500,
  })
})

it('gives no IPv6 in a network without it', () => {
  const grant = sampleGrant({ network: sampleNetwork({ ipv6: null }) })
  expect(pushConfiguration(grant, { ...SAMPLE_LEASE, ipv6: null })).not.toHaveProperty('ipv6')
})

it('gives what the network says about resolvers, IPv6 beside the tunnel, and idle clients', () => {
  const terms = { dnsResolveDomains: ['corp.example'], blockOutsideDns: true, blockIpv6: true, inactiveSeconds: 600 }
  const grant = sampleGrant({ network: sampleNetwork(terms) })
  expect(pushConfiguration(grant, SAMPLE_LEASE)).toMatchObject({
    dns: { resolveDomains: ['corp.example'] },
    blockOutsideDns: true,
    blockIpv6: true,
    inactiveSeconds: 600,
  })
})
