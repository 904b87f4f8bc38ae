import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { IntlProvider } from 'use-intl'
import { expect, it } from 'vitest'

import { ClockContext } from './clock.ts'
import { RelativeTime } from './time.tsx'

const AT = '2026-11-23T10:00:00.000Z'

function shownAt(nowMs: number): string {
  const time = createElement(RelativeTime, { at: AT })
  const clocked = createElement(ClockContext, { value: () => nowMs }, time)
  return renderToStaticMarkup(createElement(IntlProvider, { locale: 'en', timeZone: 'UTC', children: clocked }))
}

it('says how long ago something was by the clock that it is given, and not by that of the machine', () => {
  expect(shownAt(Date.parse(AT) + 180_000)).toContain('>3 minutes ago<')
  expect(shownAt(Date.parse(AT) + 7_200_000)).toContain('>2 hours ago<')
})

it('lets nothing that has happened be still to come, when the clock is a moment behind', () => {
  expect(shownAt(Date.parse(AT) - 900)).toContain('>now<')
})
