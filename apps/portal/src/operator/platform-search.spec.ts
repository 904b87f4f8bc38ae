import { expect, it } from 'vitest'

import { readNodesSearch, readTenantsSearch, servicesQueryOf } from './platform-search.ts'

it('lists nodes when the address says nothing, and other services when told so', () => {
  expect(servicesQueryOf(readNodesSearch({}))).toEqual({ role: 'vpn-node' })
  expect(servicesQueryOf(readNodesSearch({ role: 'all', state: 'revoked' }))).toEqual({ state: 'revoked' })
  expect(servicesQueryOf(readNodesSearch({ role: 'ip-allocator' }))).toEqual({ role: 'ip-allocator' })
})

it('leaves out of the address what the lists do not know', () => {
  expect(readNodesSearch({ role: 'auth-service', state: 'silent', x: 1 })).toEqual({})
  expect(readTenantsSearch({ state: 'gone', search: 7 })).toEqual({ search: '7' })
})
