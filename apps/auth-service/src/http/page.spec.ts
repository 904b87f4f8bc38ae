import { expect, it } from 'vitest'
import { z } from 'zod'

import { mapPage, pageOf, pageQuery, pageQueryOf, pageView } from './page.ts'

const rows = ['anna', 'ben', 'carla']
const self = (row: string) => row

it('gives a cursor that leads to what follows, and none at the end', () => {
  const first = pageOf(rows, 2, self)
  expect(first.items).toEqual(['anna', 'ben'])
  expect(pageQuery.parse({ after: first.next }).after).toBe('ben')
  expect(pageOf(rows, 3, self)).toEqual({ items: rows, next: null })
  expect(pageOf([], 3, self)).toEqual({ items: [], next: null })
})

it('keeps positions of several columns', () => {
  const query = pageQueryOf(z.tuple([z.iso.datetime(), z.uuid()]))
  const position = ['2026-11-25T00:00:00.000Z', '2b4f8f38-2b56-4cb4-9b71-6ac2d2b3a3a5']
  const { next } = pageOf([position, position], 1, (row) => row)
  expect(query.parse({ after: next }).after).toEqual(position)
})

it.each([
  ['a cursor of another list', { after: Buffer.from('["x"]').toString('base64url') }, 'after'],
  ['a cursor that is no JSON', { after: 'x' }, 'after'],
  ['an endless cursor', { after: 'x'.repeat(2000) }, 'after'],
  ['two cursors', { after: ['x', 'y'] }, 'after'],
  ['no limit', { limit: '0' }, 'limit'],
  ['a limit above 200', { limit: '201' }, 'limit'],
  ['half a row', { limit: '1.5' }, 'limit'],
  ['a long search', { search: 'x'.repeat(101) }, 'search'],
])('refuses %s', (_, query, field) => {
  expect(pageQuery.safeParse(query).error?.issues.map((issue) => issue.path.join('.'))).toEqual([field])
})

it('refuses parameters that it does not know', () => {
  expect(pageQuery.safeParse({ offset: '3' }).success).toBe(false)
})

it('has defaults, and answers by its schema', () => {
  expect(pageQuery.parse({ limit: '7' })).toEqual({ limit: 7 })
  expect(pageQuery.parse({})).toEqual({ limit: 50 })
  const page = mapPage(pageOf(rows, 1, self), (name) => ({ name }))
  expect(pageView(z.object({ name: z.string() })).parse(page)).toEqual(page)
})
