import type { ConnectionGrant, Lease } from '@sallyport/contracts'
import { expect, it } from 'vitest'

import { pushOptions } from './push-options.ts'

const id = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a01'
const grant = (routes: string[], ipv6: string | null = 'fd00:8::/112'): ConnectionGrant => ({
  connectionId: id,
  userId: id,
  username: 'bob',
  deviceId: id,
  network: {
    networkId: id,
    tenantId: id,
    name: 'office',
    namespace: null,
    ipv4: '10.8.0.0/24',
    ipv6,
    routes,
    dnsServers: ['192.168.7.53'],
    dnsDomains: ['corp.example'],
    version: 1,
  },
  sessionToken: 'SESS_ID_AT_x',
  sessionEndsAt: '2026-11-23T00:00:00Z',
  keepalive: { pingSeconds: 10, pingRestartSeconds: 30 },
})
const lease: Lease = {
  networkId: id,
  deviceId: id,
  connectionId: id,
  ipv4: '10.8.0.5',
  ipv6: 'fd00:8::5',
  ttlSeconds: 120,
}

it('gives address, gateway, routes, DNS and keepalive', () => {
  expect(pushOptions(grant(['192.168.7.0/24', 'fd00:7::/64']), lease)).toEqual([
    'topology subnet',
    'route-gateway 10.8.0.1',
    'route 192.168.7.0 255.255.255.0',
    'route-ipv6 fd00:7::/64',
    'dhcp-option DNS 192.168.7.53',
    'dhcp-option DOMAIN-SEARCH corp.example',
    'ping 10',
    'ping-restart 30',
    'explicit-exit-notify 1',
    'ifconfig-ipv6 fd00:8::5/112 fd00:8::1',
    'ifconfig 10.8.0.5 255.255.255.0',
  ])
})

it('sends everything through the tunnel when the network routes 0.0.0.0/0', () => {
  expect(pushOptions(grant(['0.0.0.0/0']), lease)).toContain('redirect-gateway def1')
})

it('pushes no IPv6 in a network without it', () => {
  const options = pushOptions(grant([], null), { ...lease, ipv6: null })
  expect(options.filter((option) => option.includes('ipv6'))).toEqual([])
})
