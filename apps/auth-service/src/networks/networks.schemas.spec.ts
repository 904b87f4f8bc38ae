import { expect, it } from 'vitest'

import { createNetworkRequest } from './networks.schemas.ts'

const problemsOf = (network: object): string[] => {
  const result = createNetworkRequest.safeParse({ name: 'main', ipv4: '10.8.0.0/24', ...network })
  return result.success ? [] : result.error.issues.map((issue) => issue.path.join('.'))
}

it.each([
  ['ipv4', '10.8.0.1/24'],
  ['ipv4', '10.8.0.0/31'],
  ['ipv4', '10.0.0.0/7'],
  ['ipv4', 'fd00::/112'],
  ['ipv6', '10.8.0.0/24'],
  ['ipv6', 'fd00::/121'],
  ['name', 'a;b'],
  ['namespace', '../../etc'],
  ['namespace', '-x'],
])('refuses %s %s', (field, value) => {
  expect(problemsOf({ [field]: value })).toEqual([field])
})

it.each([
  ['ipv4', '0.0.0.0/8', 'unspecified'],
  ['ipv4', '127.0.0.0/24', 'loopback'],
  ['ipv4', '169.254.8.0/24', 'link-local'],
  ['ipv4', '168.0.0.0/7', 'link-local'],
  ['ipv4', '224.0.0.0/24', 'multicast'],
  ['ipv4', '255.255.255.0/24', 'reserved'],
  ['ipv6', '::/96', 'unspecified'],
  ['ipv6', '::ffff:0.0.0.0/96', 'reserved'],
  ['ipv6', 'fe80::/64', 'link-local'],
  ['ipv6', 'ff02::/112', 'multicast'],
])('refuses the pool %s %s, whose addresses are %s', (field, block, use) => {
  const result = createNetworkRequest.safeParse({ name: 'main', ipv4: '10.8.0.0/24', [field]: block })
  expect(result.error?.issues).toContainEqual(
    expect.objectContaining({ path: [field], message: `must not be in a block of ${use} addresses` }),
  )
})

it('refuses a route to reserved addresses, but not one that is wider', () => {
  expect(problemsOf({ routes: ['169.254.169.254/32'] })).toEqual(['routes.0'])
  expect(problemsOf({ routes: ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '::/0'] })).toEqual([])
})

it('refuses routes, servers and domains that a client could not read', () => {
  expect(problemsOf({ routes: ['10.20.0.1/16'] })).toEqual(['routes.0'])
  expect(problemsOf({ dnsServers: ['10.20.0.1"'] })).toEqual(['dnsServers.0'])
  expect(problemsOf({ dnsDomains: ['corp.example.com, push "x"'] })).toEqual(['dnsDomains.0'])
})

it.each([undefined, null, 'host'])('takes the namespace %s for the node’s own', (namespace) => {
  const parsed = createNetworkRequest.parse({ name: 'main', ipv4: '10.8.0.0/24', namespace })
  expect(parsed.namespace).toBe('host')
})

it('writes addresses in their canonical form', () => {
  const parsed = createNetworkRequest.parse({
    name: 'main',
    ipv4: '10.8.0.0/24',
    ipv6: 'FD00:0008::/112',
    routes: ['0.0.0.0/0'],
    dnsServers: ['2001:DB8:0::1'],
    dnsDomains: ['Corp.Example.COM'],
  })
  expect(parsed).toMatchObject({ ipv6: 'fd00:8::/112', dnsServers: ['2001:db8::1'], dnsDomains: ['corp.example.com'] })
})
