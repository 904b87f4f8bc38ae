import { createMemoryHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router'
import { expect, it } from 'vitest'

import { choiceIn, isNarrowed, present, strictly, textIn } from './search-params.ts'

it('leaves out what is undefined, and nothing else', () => {
  expect(present({ a: undefined, b: '', c: 0, d: false, e: null })).toEqual({ b: '', c: 0, d: false, e: null })
})

it.each([
  ['anna', 'anna'],
  [42, '42'],
  [true, 'true'],
  ['', undefined],
  [undefined, undefined],
  [{ a: 1 }, undefined],
  [['x'], undefined],
])('reads %j of a search string as the text %j', (value, text) => {
  expect(textIn({ search: value }, 'search')).toBe(text)
})

it('takes only words that it knows', () => {
  expect(choiceIn({ state: 'live' }, 'state', ['live', 'ended'])).toBe('live')
  expect(choiceIn({ state: 'LIVE' }, 'state', ['live', 'ended'])).toBeUndefined()
  expect(choiceIn({ state: ['live'] }, 'state', ['live', 'ended'])).toBeUndefined()
  expect(choiceIn({}, 'state', ['live', 'ended'])).toBeUndefined()
})

it('leaves to a page nothing of the address that its reader did not read', () => {
  const rootRoute = createRootRoute()
  const read = strictly(({ next }) => (next === '/devices' ? { next } : {}))
  const page = createRoute({ getParentRoute: () => rootRoute, path: '/page', validateSearch: read })
  const router = createRouter({ routeTree: rootRoute.addChildren([page]), history: createMemoryHistory() })
  const searchOf = (search: object): unknown => router.matchRoutes('/page', search).at(-1)?.search
  expect(searchOf({ next: '/devices' })).toEqual({ next: '/devices' })
  expect(searchOf({ next: 'http://evil.example', other: 1 })).toEqual({})
})

it('knows a search for less from one for everything, whatever else the address says', () => {
  const read = strictly((raw) => present({ search: textIn(raw, 'search') }))
  expect(isNarrowed(read({ search: 'ada' }))).toBe(true)
  expect(isNarrowed(read({ other: 1 }))).toBe(false)
})
