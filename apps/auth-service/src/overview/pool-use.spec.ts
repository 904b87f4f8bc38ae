import { expect, it } from 'vitest'

import { listPoolsQuery } from './overview.schemas.ts'
import { fullest, networksPage, usedPools } from './pool-use.ts'

const NETWORKS = [
  { networkId: 'a', name: 'one' },
  { networkId: 'b', name: 'two' },
  { networkId: 'c', name: 'three' },
]

it('puts use beside names, and leaves out what the allocator does not know', () => {
  const use = new Map([['b', { size: 5, leased: 1 }]])
  expect(usedPools(NETWORKS, use)).toEqual([{ networkId: 'b', name: 'two', family: 4, size: 5, leased: 1 }])
})

it('finds the fullest pools by share, not by number', () => {
  const use = new Map([
    ['a', { size: 65_533, leased: 400 }],
    ['b', { size: 5, leased: 5 }],
    ['c', { size: 253, leased: 100 }],
  ])
  expect(fullest(usedPools(NETWORKS, use), 2).map(({ name }) => name)).toEqual(['two', 'three'])
})

it('goes through the networks of all tenants page by page, and finds them by their names and by their tenants', () => {
  const networks = ['globex main', 'acme office', 'acme Lab', 'initech acme-guests', 'globex dmz']
    .map((text) => text.split(' '))
    .map(([tenantSlug = '', name = '']) => ({ tenantSlug, name }))
  const through = (search: string, limit: number): string[][] => {
    const pages: string[][] = []
    let after: string | null | undefined
    while (after !== null) {
      const { items, next } = networksPage(networks, listPoolsQuery.parse({ search, limit, after }))
      pages.push(items.map(({ tenantSlug, name }) => `${tenantSlug} ${name}`))
      after = next
    }
    return pages
  }
  expect(through('', 2)).toEqual([['acme Lab', 'acme office'], ['globex dmz', 'globex main'], ['initech acme-guests']])
  expect(through('ACME', 2)).toEqual([['acme Lab', 'acme office'], ['initech acme-guests']])
  expect(through('lab', 50)).toEqual([['acme Lab']])
  expect(through('nothing', 50)).toEqual([[]])
})
