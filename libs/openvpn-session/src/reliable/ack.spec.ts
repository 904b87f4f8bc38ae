import { readVectors } from '@sallyport/testkit'
import { describe, expect, it } from 'vitest'

import { AckList, mergeRecentAcks } from './ack.ts'

describe('vectors', () => {
  it.each([...readVectors('acks')])('merges: %s', (_, vector) => {
    expect(mergeRecentAcks(vector.numbers('recent'), vector.numbers('added'))).toEqual(vector.numbers('merged'))
  })
})

it('gives what is owed first and fills up with repeats', () => {
  const acks = new AckList()
  for (const id of [0, 1, 2]) acks.add(id)
  expect(acks.take(2)).toEqual([0, 1])
  expect(acks.owed).toBe(true)
  expect(acks.take(4)).toEqual([2, 0, 1])
  expect(acks.owed).toBe(false)
  expect(acks.take(2)).toEqual([2, 0])
})

it('owes one ack for a message that came twice', () => {
  const acks = new AckList()
  acks.add(7)
  acks.add(7)
  expect(acks.take(8)).toEqual([7])
})
