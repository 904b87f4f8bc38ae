import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { BrowserContextOptions, Cookie } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { openSession, waitForHeading } from './portal.ts'
import { personOf, type Role, TOUR, type TourPage } from './tour.ts'
import { furnish, type Furnished } from './tour-data.ts'
import { Wording } from './tour-wording.ts'
import type { Visitor } from './visitor.ts'

/** Below this a page counts as steady (Web Vitals: good is 0.1). */
const MAX_LAYOUT_SHIFT = 0.05
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true }
const DESKTOP = { viewport: { width: 1440, height: 900 } }

/** A way in which people look at the pages. */
interface Variant {
  readonly name: string
  readonly options: BrowserContextOptions
  readonly wording: Wording
}

const [ENGLISH, GERMAN] = [new Wording('en'), new Wording('de')]
const variant = (name: string, options: BrowserContextOptions, wording = ENGLISH): Variant => ({
  name,
  options,
  wording,
})
const DESKTOP_LIGHT = variant('desktop-light', { ...DESKTOP, colorScheme: 'light' })
const DESKTOP_DARK = variant('desktop-dark', { ...DESKTOP, colorScheme: 'dark' })
const PHONE_LIGHT = variant('phone-light', { ...PHONE, colorScheme: 'light' })
const PHONE_DARK = variant('phone-dark', { ...PHONE, colorScheme: 'dark' })
/** Its long words are where they have the least room. */
const PHONE_GERMAN = variant('phone-german', { ...PHONE, colorScheme: 'light', locale: 'de-DE' }, GERMAN)

/** With this in the environment the tour is complete and leaves a picture of each page in that folder. */
const pictures = process.env['SALLYPORT_SCREENSHOTS']
/** Looked at together, group by group: all share a session, which may have four pages that listen for changes. */
const GROUPS =
  pictures === undefined
    ? [[DESKTOP_LIGHT, PHONE_DARK, PHONE_GERMAN]]
    : [
        [DESKTOP_LIGHT, DESKTOP_DARK, PHONE_LIGHT],
        [PHONE_DARK, PHONE_GERMAN],
      ]

const parts = new AsyncDisposableStack()
let furnished: Furnished
const visitors = new Map<string, Visitor>()
const sessions = new Map<Role, Promise<Cookie[]>>()
const shifts = new Map<string, number>()

beforeAll(async () => {
  furnished = await furnish(parts)
  if (pictures !== undefined) await mkdir(pictures, { recursive: true })
})
afterAll(async () => {
  const worst = [...shifts].sort(([, first], [, second]) => second - first).slice(0, 3)
  console.log(`layout shift, the most: ${worst.map(([name, shift]) => `${name} ${shift.toFixed(3)}`).join(', ')}`)
  await parts.disposeAsync()
})

/** The browser of a role in a variant, signed in. */
async function visitorOf({ name, options }: Variant, role: Role): Promise<Visitor> {
  const known = visitors.get(`${name} ${role}`)
  if (known !== undefined) return known
  const session = sessions.get(role) ?? signedIn(role)
  sessions.set(role, session)
  const visitor = await furnished.service.enter({ ...options, storageState: { cookies: await session, origins: [] } })
  visitors.set(`${name} ${role}`, visitor)
  await visitor.context.addInitScript(sumLayoutShifts)
  return visitor
}

/** The cookies of a role's session, which all its browsers share: each code signs in but once. */
async function signedIn(role: Role): Promise<Cookie[]> {
  await using visitor = await furnished.service.enter()
  const person = personOf(furnished, role)
  if (person !== undefined) await openSession(visitor, person.tenant, person)
  return await visitor.context.cookies()
}

/** Runs in the page: adds up what moves without anybody having done something. */
function sumLayoutShifts(): void {
  const sum = { value: 0 }
  Object.assign(globalThis, { layoutShift: sum })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if ('value' in entry && 'hadRecentInput' in entry && !entry.hadRecentInput) sum.value += Number(entry.value)
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

/** Runs in the page: what was moved so far, and how far it can be scrolled sideways. */
function measure(): { shift: number; overflow: number } {
  const sum: unknown = Reflect.get(globalThis, 'layoutShift')
  const shift = typeof sum === 'object' && sum !== null && 'value' in sum ? Number(sum.value) : Number.NaN
  const { scrollY } = globalThis
  globalThis.scrollTo({ left: 1000, top: scrollY, behavior: 'instant' })
  const overflow = globalThis.scrollX
  globalThis.scrollTo({ left: 0, top: scrollY, behavior: 'instant' })
  return { shift, overflow }
}

/** Runs in the page: every text that it shows or has read aloud, but code and what is marked as another language. */
function shownTexts(): string[] {
  const texts = [document.title]
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node instanceof Element && node.matches('code, pre, script, style, [lang]')
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  )
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node instanceof Text) texts.push(node.data)
    else if (node instanceof Element)
      for (const name of ['aria-label', 'title', 'alt', 'placeholder']) texts.push(node.getAttribute(name) ?? '')
  }
  return [...new Set(texts.map((text) => text.trim()))]
}

/** Waits until nothing is loading, the fonts are there, and what moves for a while has come to rest. */
async function settle({ page }: Visitor): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector('[aria-busy="true"], [class*="skeleton"]') === null &&
      document.fonts.status === 'loaded' &&
      document
        .getAnimations()
        .every(({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Infinity),
  )
}

/** Has the page of a role in a variant listen no more. */
async function leave(role: Role, { name }: Variant): Promise<void> {
  await visitors.get(`${name} ${role}`)?.page.goto('about:blank')
}

async function look(tourPage: TourPage, shown: Variant): Promise<void> {
  const visitor = await visitorOf(shown, tourPage.role)
  const { page, complaints } = visitor
  const before = complaints.length
  const { address } = tourPage
  await page.goto(typeof address === 'string' ? address : await address(furnished))
  const { say } = shown.wording
  const { heading } = tourPage
  const pattern = shown.wording === ENGLISH ? heading : /./
  await waitForHeading(page, typeof heading === 'string' ? say(heading) : pattern)
  await settle(visitor)
  const loaded = await page.evaluate(measure)
  await tourPage.prepare?.(page, say, furnished)
  await settle(visitor)
  const { shift: whole, overflow } = await page.evaluate(measure)
  const shift = tourPage.isAnswered === true ? loaded.shift : Math.max(loaded.shift, whole)
  shifts.set(`${tourPage.name} ${shown.name}`, shift)
  if (pictures !== undefined) {
    await page.screenshot({ path: join(pictures, `${tourPage.name}-${shown.name}.png`), fullPage: true })
  }
  const accessibility = await visitor.accessibilityProblems()
  const english = shown.wording.foreignIn(await page.evaluate(shownTexts))
  expect({ in: shown.name, accessibility, complaints: complaints.slice(before), overflow, english }).toEqual({
    in: shown.name,
    accessibility: [],
    complaints: [],
    overflow: 0,
    english: [],
  })
  expect(shift, `layout shift in ${shown.name}`).toBeLessThan(MAX_LAYOUT_SHIFT)
}

it.each(TOUR)('shows $name to everybody, steadily and without a word of complaint', async (tourPage) => {
  const looks: PromiseSettledResult<void>[] = []
  for (const group of GROUPS) {
    looks.push(...(await Promise.allSettled(group.map((shown) => look(tourPage, shown)))))
    if (GROUPS.length > 1) await Promise.all(group.map((shown) => leave(tourPage.role, shown)))
  }
  const failures = looks.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'))
})
