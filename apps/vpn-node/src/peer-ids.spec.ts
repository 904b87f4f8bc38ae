import { expect, it } from 'vitest'

import { MAX_PEERS, PeerIds } from './peer-ids.ts'

it('puts the node slot into the upper eight bits', () => {
  expect(new PeerIds(0xfe).allocate()).toBe(0xfe0000)
})

it('gives a freed id back only after all others', () => {
  const ids = new PeerIds(1)
  const first = ids.allocate() ?? -1
  ids.free(first)
  const next = Array.from({ length: MAX_PEERS - 1 }, () => ids.allocate())
  expect(next).not.toContain(first)
  expect(ids.allocate()).toBe(first)
})

it('has none left when every id is in use', () => {
  const ids = new PeerIds(0)
  for (let count = 0; count < MAX_PEERS; count += 1) ids.allocate()
  expect(ids.allocate()).toBeUndefined()
  ids.free(7)
  expect(ids.allocate()).toBe(7)
})
