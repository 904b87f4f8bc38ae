import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { queryRows } from '../integration/query-rows.ts'
import { openSession, signIn, waitForHeading, waitForShown } from './portal.ts'
import { PortalService } from './portal-service.ts'
import type { Visitor } from './visitor.ts'

const TENANT = 'speed'
const USERS = 10_000
const MAX_FIRST_LOAD_BYTES = 200 * 1024
/** Each costs a question, and headers that nothing compresses. */
const MAX_FIRST_SCRIPTS = 16
const MAX_INTERACTION_MS = 100
const MAX_LAYOUT_SHIFT = 0.05
/** Events that are quicker than this are not told (Event Timing §3.3: 16 is the least). */
const LEAST_TOLD_MS = 16
/** The machine does other things too: what counts is the run that it disturbed least. */
const RUNS = 3

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
  await queryRows(
    service.harness.postgres.url,
    `INSERT INTO users (tenant_id, username, display_name, email, one_time_password, last_sign_in_at)
     SELECT $1, 'user.' || n, (ARRAY['Amina', 'Bruno', 'Chiara', 'Daniel', 'Elif', 'Felix', 'Greta'])[1 + n % 7] || ' ' ||
       (ARRAY['Haddad', 'Keller', 'Conti', 'Okafor', 'Yildiz', 'Baumgartner'])[1 + n % 6] || ' ' || n,
       'user.' || n || '@example.com', n % 3 = 0, now() - n * interval '1 minute'
     FROM generate_series(1, ${String(USERS)}) n`,
    [service.tenant.tenantId],
  )
})
afterAll(() => parts.disposeAsync())

/** What a page fetched of scripts, as it came over the wire. */
interface Fetched {
  readonly scripts: number
  /** Compressed, without headers. */
  readonly bytes: number
  readonly headerBytes: number
}

/** Adds up the scripts that a page fetches from now on. */
async function countScripts({ context, page }: Visitor): Promise<() => Fetched> {
  const session = await context.newCDPSession(page)
  const headerBytes = new Map<string, number>()
  let bytes = 0
  session.on('Network.responseReceived', ({ requestId, response }) => {
    const isScript = new URL(response.url).pathname.endsWith('.js')
    if (isScript) headerBytes.set(requestId, response.encodedDataLength)
  })
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const header = headerBytes.get(requestId)
    if (header !== undefined) bytes += encodedDataLength - header
  })
  await session.send('Network.enable')
  return () => ({
    scripts: headerBytes.size,
    bytes,
    headerBytes: [...headerBytes.values()].reduce((sum, one) => sum + one, 0),
  })
}

it('brings an employee to their start page with less than 200 KiB of compressed scripts', async () => {
  const person = await service.addPerson('ada', { totp: false })
  await using visitor = await service.enter()
  const fetched = await countScripts(visitor)
  await signIn(visitor, TENANT, person)
  await waitForHeading(visitor.page, /^Hello/)
  await waitForShown(visitor.page.getByText('You have no device yet.'))
  const firstLoad = fetched()
  for (const [address, heading] of [
    ['/devices', 'My devices'],
    ['/connections', 'My connections'],
    ['/security', 'Account and security'],
  ] as const) {
    await visitor.page.getByRole('navigation').locator(`a[href="${address}"]`).click()
    await waitForHeading(visitor.page, heading)
  }
  const kib = (count: number): string => `${(count / 1024).toFixed(0)} KiB`
  const saying = ({ scripts, bytes, headerBytes }: Fetched): string =>
    `${String(scripts)} with ${kib(bytes)} and ${kib(headerBytes)} of headers`
  console.log(`scripts: ${saying(firstLoad)} to the start page, ${saying(fetched())} with the employee's other pages`)
  expect(firstLoad.bytes).toBeGreaterThan(50 * 1024)
  expect(firstLoad.bytes).toBeLessThan(MAX_FIRST_LOAD_BYTES)
  expect(firstLoad.scripts).toBeLessThan(MAX_FIRST_SCRIPTS)
})

/** Runs in the page: keeps how long each interaction took to show something, and what moved by itself. */
function watch(leastMs: number): void {
  const seen = { interactionsMs: {} as Record<string, number>, shift: 0 }
  Object.assign(globalThis, { seen })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const id: unknown = Reflect.get(entry, 'interactionId')
      if (typeof id !== 'number' || id === 0) continue
      seen.interactionsMs[id] = Math.max(seen.interactionsMs[id] ?? 0, entry.duration)
    }
  }).observe(Object.assign({ type: 'event', buffered: true }, { durationThreshold: leastMs }))
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (Reflect.get(entry, 'hadRecentInput') === false) seen.shift += Number(Reflect.get(entry, 'value'))
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

interface Seen {
  readonly interactionsMs: Readonly<Record<string, number>>
  readonly shift: number
}

/** What an administrator does with a long list: search it by typing, page through it, open somebody and come back. */
async function useList(page: Page): Promise<Seen> {
  await page.goto('/admin/users')
  await waitForHeading(page, 'Users')
  const rows = page.getByRole('row')
  await expect.poll(() => rows.count()).toBeGreaterThan(40)
  const search = page.getByRole('searchbox')
  await search.click()
  await page.keyboard.type('baumgartner 99', { delay: 40 })
  await waitForShown(page.getByRole('row', { name: /Baumgartner 99/ }).first())
  await expect.poll(() => rows.count()).toBeLessThan(40)
  for (let count = 0; count < 'baumgartner 99'.length; count += 1) await page.keyboard.press('Backspace')
  await expect.poll(() => rows.count()).toBeGreaterThan(40)
  for (const name of ['Next', 'Next', 'Previous']) {
    const first = await rows.nth(1).innerText()
    await page.getByRole('button', { name }).click()
    await expect.poll(() => rows.nth(1).innerText()).not.toBe(first)
  }
  await rows.nth(3).getByRole('link').first().click()
  await waitForShown(page.getByRole('heading', { name: 'Account', exact: true }))
  await page.goBack()
  await waitForHeading(page, 'Users')
  return page.evaluate(() => Reflect.get(globalThis, 'seen') as Seen)
}

it(`answers within 100 ms whatever is done to a list of ${String(USERS)} users, and nothing jumps`, async () => {
  const runs: { worstMs: number; count: number; shift: number }[] = []
  for (let run = 0; run < RUNS; run += 1) {
    await using visitor = await service.enter({ viewport: { width: 1440, height: 900 } })
    await visitor.context.addInitScript(watch, LEAST_TOLD_MS)
    await openSession(visitor, TENANT, service.administrator)
    const { interactionsMs, shift } = await useList(visitor.page)
    const told = Object.values(interactionsMs)
    runs.push({ worstMs: Math.max(...told), count: told.length, shift })
    expect(visitor.complaints).toEqual([])
    if (Math.max(...told) < MAX_INTERACTION_MS / 2) break
  }
  const best = runs.reduce((least, run) => (run.worstMs < least.worstMs ? run : least))
  console.log(
    `interactions: the slowest of ${String(best.count)} in ${String(best.worstMs)} ms, shift ${best.shift.toFixed(3)}`,
  )
  expect(best.count).toBeGreaterThan(0)
  expect(best.worstMs).toBeLessThan(MAX_INTERACTION_MS)
  expect(best.shift).toBeLessThan(MAX_LAYOUT_SHIFT)
})
