import { expect, it } from 'vitest'

import { type Pages, pagesOf } from './use-pages.ts'

it('goes on by what an answer says and back by the way that it came', () => {
  let cursors: readonly string[] = []
  const pages = (): Pages =>
    pagesOf(cursors, (to) => {
      cursors = to
    })
  expect(pages()).toMatchObject({ after: undefined, previous: undefined })
  pages().nextOf('b')?.()
  pages().nextOf('c')?.()
  expect(pages().after).toBe('c')
  expect(pages().nextOf(null)).toBeUndefined()
  pages().previous?.()
  expect([pages().after, cursors]).toEqual(['b', ['b']])
  pages().previous?.()
  expect(pages()).toMatchObject({ after: undefined, previous: undefined })
})
