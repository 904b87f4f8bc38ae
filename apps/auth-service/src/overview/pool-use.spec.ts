import { expect, it } from 'vitest'

import { fullest, usedPools } from './pool-use.ts'

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
