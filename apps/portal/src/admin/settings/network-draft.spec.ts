import { expect, it } from 'vitest'

import {
  EMPTY_NETWORK,
  followNetwork,
  limitProblemsOf,
  linesOf,
  type Network,
  networkChangeIn,
  networkConflicts,
  networkDraftOf,
  newNetworkIn,
  withStored,
} from './network-draft.ts'

const NETWORK: Network = {
  networkId: '6c0e5f7e-9c9f-4d2c-9f0a-1b2c3d4e5f60',
  ...{ name: 'office', ipv4: '10.8.0.0/24', ipv6: null, namespace: 'host' },
  ...{ routes: ['10.0.0.0/8', '192.168.0.0/16'], dnsServers: ['10.0.0.53'], dnsDomains: [], dnsResolveDomains: [] },
  ...{ blockOutsideDns: true, blockIpv6: false, inactiveSeconds: 3600 },
  ...{ uploadKilobitsPerSecond: null, downloadKilobitsPerSecond: 10_000 },
  ...{ uploadPacketsPerSecond: null, downloadPacketsPerSecond: null },
}

const STORED = networkDraftOf(NETWORK)

it('reads from a form what was written into it', () => {
  const { networkId, name, ipv4, ipv6, namespace, ...changeable } = NETWORK
  expect(newNetworkIn(STORED)).toEqual({ ...changeable, name, ipv4, namespace })
  expect([networkId, ipv6]).not.toContain(undefined)
})

it('sends only what was touched, whatever somebody else has saved of the rest meanwhile', () => {
  const form = { before: STORED, draft: { ...STORED, dnsDomains: 'example.com', inactiveSeconds: '' } }
  const followed = followNetwork(form, { ...STORED, routes: '10.1.0.0/16', blockIpv6: true })
  expect(followed.draft).toEqual({ ...form.draft, routes: '10.1.0.0/16', blockIpv6: true })
  expect(networkChangeIn(followed)).toEqual({ dnsDomains: ['example.com'], inactiveSeconds: null })
  expect(networkChangeIn(followNetwork({ before: STORED, draft: STORED }, EMPTY_NETWORK))).toEqual({})
})

it('names what two have changed until one of the values is given up', () => {
  const form = { before: STORED, draft: { ...STORED, routes: '', blockIpv6: true } }
  const stored = { ...STORED, routes: '10.1.0.0/16', blockIpv6: true }
  const followed = followNetwork(form, stored)
  expect(followed.draft.routes).toBe('')
  expect(networkConflicts(followed, stored)).toEqual(['routes'])
  expect(networkConflicts(followed, STORED)).toEqual([])
  const given = withStored(followed, stored, ['routes'])
  expect(networkConflicts(given, stored)).toEqual([])
  expect(networkChangeIn(given)).toEqual({})
  expect(followNetwork(given, stored)).toBe(given)
})

it('leaves out of a new network what was not given', () => {
  const made = newNetworkIn({ ...EMPTY_NETWORK, name: ' lab ', ipv4: '10.9.0.0/24 ' })
  expect(made).toMatchObject({ name: 'lab', ipv4: '10.9.0.0/24', routes: [], inactiveSeconds: null })
  expect(made).not.toHaveProperty('ipv6')
  expect(made).not.toHaveProperty('namespace')
})

it('takes lists as people write them', () => {
  expect(linesOf(' 10.0.0.0/8\r\n\n192.168.0.0/16, fd00::/8 ,')).toEqual(['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8'])
})

it('names the limits that are none', () => {
  const draft = {
    ...EMPTY_NETWORK,
    inactiveSeconds: '59',
    uploadKilobitsPerSecond: '1.5',
    downloadPacketsPerSecond: 'x',
  }
  expect([...limitProblemsOf(draft)]).toEqual([
    'inactiveSeconds',
    'uploadKilobitsPerSecond',
    'downloadPacketsPerSecond',
  ])
  expect(limitProblemsOf({ ...EMPTY_NETWORK, inactiveSeconds: '60' }).size).toBe(0)
})
