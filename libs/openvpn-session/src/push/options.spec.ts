import { isPushableOption, parsePeerInfo } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import { readAbilities } from '../client-abilities.ts'
import type { Transport } from '../remote-address.ts'
import type { PushConfiguration } from './configuration.ts'
import { configurationOptions } from './options.ts'

const CONFIGURATION: PushConfiguration = {
  ipv4: { address: '10.8.0.5', netmask: '255.255.255.0', gateway: '10.8.0.1' },
  ipv6: { address: 'fd00:8::5', prefixLength: 112, gateway: 'fd00:8::1' },
  keepalive: { pingSeconds: 10, pingRestartSeconds: 30 },
  routes: ['192.168.7.0/24', 'fd00:7::/64'],
  dns: { servers: ['192.168.7.53'], searchDomains: ['corp.example'], resolveDomains: [] },
  tunMtu: 1500,
}
const CLIENT = {
  '2.4': 'IV_VER=2.4.12\nIV_PLAT=win\nIV_PROTO=2\n',
  '2.5': 'IV_VER=2.5.11\nIV_PLAT=linux\nIV_PROTO=6\n',
  '2.6': 'IV_VER=2.6.14\nIV_PLAT=linux\nIV_PROTO=990\nIV_MTU=1600\n',
  '2.7': 'IV_VER=2.7.6\nIV_PLAT=win\nIV_PROTO=8094\nIV_MTU=1600\n',
  '3.7': 'IV_VER=3.7.2\nIV_PLAT=win\nIV_PROTO=30\n',
  '3.10': 'IV_VER=3.10.1\nIV_PLAT=mac\nIV_PROTO=2974\nIV_MTU=1600\n',
  unknown: 'IV_PROTO=2\n',
} as const

function push(
  client: keyof typeof CLIENT,
  changes: Partial<PushConfiguration> = {},
  transport: Transport = 'udp',
): readonly string[] {
  const abilities = readAbilities(parsePeerInfo(CLIENT[client]))
  return configurationOptions({ ...CONFIGURATION, ...changes }, abilities, transport)
}

it('gives address, gateway, routes, DNS and keepalive', () => {
  expect(push('2.6')).toEqual([
    'topology subnet',
    'route-gateway 10.8.0.1',
    'route 192.168.7.0 255.255.255.0',
    'route-ipv6 fd00:7::/64',
    'dhcp-option DNS 192.168.7.53',
    'dhcp-option DOMAIN-SEARCH corp.example',
    'ping 10',
    'ping-restart 30',
    'explicit-exit-notify 1',
    'tun-mtu 1500',
    'ifconfig-ipv6 fd00:8::5/112 fd00:8::1',
    'ifconfig 10.8.0.5 255.255.255.0',
  ])
})

describe('routes', () => {
  const routeOptions = (changes: Partial<PushConfiguration>): readonly string[] =>
    push('2.6', changes).filter((option) => /^(route |route-ipv6|redirect|block)/.test(option))

  it('sends everything of a family through the tunnel', () => {
    expect(routeOptions({ routes: ['0.0.0.0/0'] })).toEqual(['redirect-gateway def1'])
    expect(routeOptions({ routes: ['0.0.0.0/0', '::/0'] })).toEqual(['redirect-gateway def1 ipv6'])
    expect(routeOptions({ routes: ['::/0'] })).toEqual(['redirect-gateway def1 ipv6 !ipv4'])
  })

  it.each([
    ['10.0.0.0/8', 'route 10.0.0.0 255.0.0.0'],
    ['10.64.0.0/10', 'route 10.64.0.0 255.192.0.0'],
    ['10.1.2.0/23', 'route 10.1.2.0 255.255.254.0'],
    ['10.1.2.3/32', 'route 10.1.2.3 255.255.255.255'],
    ['128.0.0.0/1', 'route 128.0.0.0 128.0.0.0'],
  ])('writes %s with its mask', (cidr, option) => {
    expect(routeOptions({ routes: [cidr] })).toEqual([option])
  })

  it('leaves IPv6 out of a tunnel that has none, and blocks it on request where a client can', () => {
    const { ipv4, keepalive, dns, tunMtu } = CONFIGURATION
    const routes = ['0.0.0.0/0', '::/0', 'fd00:7::/64']
    const configuration = { ipv4, keepalive, dns, tunMtu, routes, blockIpv6: true }
    const options = (text: string): readonly string[] =>
      configurationOptions(configuration, readAbilities(parsePeerInfo(text)), 'udp')
    expect(options(CLIENT['2.6']).filter((option) => option.includes('ipv6'))).toEqual(['block-ipv6'])
    expect(options(CLIENT['2.4']).filter((option) => option.includes('ipv6'))).toEqual([])
    expect(options(CLIENT.unknown)).toContain('block-ipv6')
  })
})

describe('DNS', () => {
  const dns = {
    servers: ['10.8.0.53', 'fd00:8::53'],
    searchDomains: ['corp.example'],
    resolveDomains: ['corp.example', 'lab.example'],
  }
  const options = (client: keyof typeof CLIENT, changes: Partial<PushConfiguration> = { dns }): readonly string[] =>
    push(client, changes).filter((option) => /^(dns|dhcp|block-outside)/.test(option))

  it('uses the option of its own with clients that announced it', () => {
    expect(options('2.7')).toEqual([
      'dns search-domains corp.example',
      'dns server 0 address 10.8.0.53 fd00:8::53',
      'dns server 0 resolve-domains corp.example lab.example',
    ])
    expect(options('3.10')).toEqual(options('2.7'))
  })

  it.each([
    ['2.4', 'DOMAIN'],
    ['2.5', 'DOMAIN-SEARCH'],
    ['2.6', 'DOMAIN-SEARCH'],
    ['3.7', 'DOMAIN'],
    ['unknown', 'DOMAIN'],
  ] as const)('uses dhcp-option with %s, and %s for domains', (client, word) => {
    expect(options(client)).toEqual([
      'dhcp-option DNS 10.8.0.53',
      'dhcp-option DNS fd00:8::53',
      `dhcp-option ${word} corp.example`,
      `dhcp-option ${word} lab.example`,
    ])
  })

  it('keeps within what clients take', () => {
    const many = {
      servers: Array.from({ length: 12 }, (_, index) => `fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:${String(index + 1000)}`),
      searchDomains: Array.from({ length: 20 }, (_, index) => `${String(index)}${'.label'.repeat(20)}.example`),
      resolveDomains: [],
    }
    const modern = options('2.7', { dns: many })
    expect(modern.every(isPushableOption)).toBe(true)
    expect(modern.join(' ').match(/fd00/g)).toHaveLength(8)
    expect(modern.join(' ').match(/\.example/g)).toHaveLength(20)
    const older = options('2.6', { dns: many })
    expect(older.filter((option) => option.startsWith('dhcp-option DNS '))).toHaveLength(4)
    expect(older.filter((option) => option.startsWith('dhcp-option DOMAIN-SEARCH '))).toHaveLength(10)
  })

  it('gives domains to search without a server, but none to ask it about', () => {
    expect(options('2.7', { dns: { ...dns, servers: [] } })).toEqual(['dns search-domains corp.example'])
  })

  it('keeps only Windows from asking other servers', () => {
    expect(options('2.4', { blockOutsideDns: true })).toContain('block-outside-dns')
    expect(options('2.6', { blockOutsideDns: true })).not.toContain('block-outside-dns')
  })
})

describe('options that only some clients take', () => {
  const changes = {
    inactiveSeconds: 600,
    sessionTimeoutSeconds: 36_000,
    sendBufferBytes: 65_536,
    receiveBufferBytes: 131_072,
  }
  const options = (client: keyof typeof CLIENT, transport?: Transport): readonly string[] =>
    push(client, changes, transport).filter((option) =>
      /^(inactive|session|sndbuf|rcvbuf|explicit|tun-mtu)/.test(option),
    )

  it.each([
    ['2.4', ['inactive 600', 'explicit-exit-notify 1', 'sndbuf 65536', 'rcvbuf 131072']],
    [
      '2.7',
      [
        'inactive 600',
        'session-timeout 36000',
        'explicit-exit-notify 1',
        'sndbuf 65536',
        'rcvbuf 131072',
        'tun-mtu 1500',
      ],
    ],
    ['3.10', ['inactive 600', 'tun-mtu 1500']],
    ['unknown', ['inactive 600']],
  ] as const)('are pushed to %s as it takes them', (client, expected) => {
    expect(options(client)).toEqual(expected)
  })

  it('asks for a goodbye only over UDP', () => {
    expect(options('2.4', 'tcp')).not.toContain('explicit-exit-notify 1')
  })

  it('pushes no larger tunnel MTU than the client takes', () => {
    expect(push('2.6', { tunMtu: 9000 })).toContain('tun-mtu 1600')
  })
})
