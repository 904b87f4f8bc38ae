import { expect, it } from 'vitest'

import { RecentMarks } from './recent-marks.ts'

it('knows a mark for its lifetime', () => {
  const marks = new RecentMarks(16, 1_000)
  const mark = { place: 5, print: 77 }
  expect(marks.find(mark, 5_000)).toBeUndefined()
  marks.add(mark, 5_000)
  expect(marks.find(mark, 5_999)).toBe(5_000)
  expect(marks.find(mark, 6_000)).toBeUndefined()
})

it('tells marks at the same place apart, and has room for the newer one only', () => {
  const marks = new RecentMarks(16, 1_000)
  marks.add({ place: 5, print: 77 }, 5_000)
  expect(marks.find({ place: 21, print: 78 }, 5_000)).toBeUndefined()
  marks.add({ place: 21, print: 78 }, 5_000)
  expect(marks.find({ place: 21, print: 78 }, 5_000)).toBe(5_000)
  expect(marks.find({ place: 5, print: 77 }, 5_000)).toBeUndefined()
})

it('forgets marks of a time to come when the clock is set back', () => {
  const marks = new RecentMarks(16, 1_000)
  marks.add({ place: 5, print: 77 }, 5_000)
  expect(marks.find({ place: 5, print: 77 }, 3_000)).toBeUndefined()
})
