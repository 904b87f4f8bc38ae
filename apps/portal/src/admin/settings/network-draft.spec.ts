import { expect, it } from 'vitest'

import {
  EMPTY_NETWORK,
  limitProblemsOf,
  linesOf,
  type Network,
  networkChangeIn,
  networkDraftOf,
  newNetworkIn,
} from './network-draft.ts'

const NETWORK: Network = {
  networkId: '6c0e5f7e-9c9f-4d2c-9f0a-1b2c3d4e5f60',
  ...{ name: 'office', ipv4: '10.8.0.0/24', ipv6: null, namespace: 'host' },
  ...{ routes: ['10.0.0.0/8', '192.168.0.0/16'], dnsServers: ['10.0.0.53'], dnsDomains: [], dnsResolveDomains: [] },
  ...{ blockOutsideDns: true, blockIpv6: false, inactiveSeconds: 3600 },
  ...{ uploadKilobitsPerSecond: null, downloadKilobitsPerSecond: 10_000 },
  ...{ uploadPacketsPerSecond: null, downloadPacketsPerSecond: null },
}

it('reads from a form what was written into it', () => {
  const { networkId, name, ipv4, ipv6, namespace, ...changeable } = NETWORK
  expect(networkChangeIn(networkDraftOf(NETWORK))).toEqual(changeable)
  expect([networkId, name, ipv4, ipv6, namespace]).not.toContain(undefined)
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
