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
