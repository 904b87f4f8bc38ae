import { expect, it } from 'vitest'

import { connectionsQueryOf, readConnectionsSearch } from './connections-search.ts'

it('asks for live connections when the address says nothing', () => {
  expect(connectionsQueryOf(readConnectionsSearch({}))).toEqual({ state: 'live' })
})

it('asks for connections in any state only when told so', () => {
  expect(connectionsQueryOf(readConnectionsSearch({ state: 'all', node: 7 }))).toEqual({ node: '7' })
  expect(connectionsQueryOf(readConnectionsSearch({ state: 'ended' }))).toEqual({ state: 'ended' })
})

it('leaves out of the address what the list does not know', () => {
  expect(readConnectionsSearch({ state: 'gone', search: '', other: 'x', userId: ['a'] })).toEqual({})
})
