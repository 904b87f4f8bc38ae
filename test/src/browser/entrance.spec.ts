import { totpCode } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { giveName, openSession, waitForHeading, waitForShown, waitUntilAway } from './portal.ts'
import { PortalService } from './portal-service.ts'

const TENANT = 'entrance'
const TEN_MINUTES_MS = 600_000

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
})
afterAll(() => parts.disposeAsync())

it('leads nobody to another site, whatever the address says', async () => {
  await using visitor = await service.enter()
  const { page } = visitor
  await openSession(visitor, TENANT, service.administrator)
  for (const next of ['http://evil.example/x', '//evil.example', 'javascript:alert(1)', '/\\evil.example']) {
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
    await waitForHeading(page, /^Hello/)
    expect(new URL(page.url()).pathname).toBe('/')
  }
})

it('signs nobody out in words only: without network it says that the session goes on', async () => {
  await using visitor = await service.enter()
  const { page, context } = visitor
  await openSession(visitor, TENANT, service.administrator)
  await page.goto('/security')
  await waitForHeading(page, 'Account and security')
  await context.setOffline(true)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await waitForShown(page.getByRole('alert').getByText('The server does not answer.'))
  expect(new URL(page.url()).pathname).toBe('/security')
  await context.setOffline(false)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await waitUntilAway(page, '/security')
})

it('says of a link that is not whole what to do for an invitation and for a profile', async () => {
  await using visitor = await service.enter()
  const { page } = visitor
  await page.goto('/link/not.whole')
  await waitForShown(page.getByText('opened the whole link'))
  await waitForShown(page.getByText('make a new link in the portal under “Devices”'))
  await waitForShown(page.getByRole('link', { name: 'To my devices' }))
})

it('says that the portal was not loaded when its script does not come', async () => {
  await using visitor = await service.enter()
  const { page } = visitor
  await page.route('**/assets/*.js', (route) => route.abort())
  await page.goto('/sign-in')
  await waitForHeading(page, 'The portal could not be loaded')
  await page.unroute('**/assets/*.js')
  await page.getByRole('link', { name: 'try again' }).click()
  await waitForHeading(page, 'Sign in')
})

it('says that the clock is wrong by ten minutes when that may be why a code is not right', async () => {
  const person = await service.addPerson('clockless', { totp: true })
  const secret = person.totp?.secret ?? ''
  await using visitor = await service.enter()
  const { page, context } = visitor
  await context.addInitScript((aheadMs) => {
    const Right = Date
    globalThis.Date = new Proxy(Right, {
      construct: (target, given: unknown[]) =>
        Reflect.construct(target, given.length === 0 ? [Right.now() + aheadMs] : given) as Date,
      get: (target, name): unknown => (name === 'now' ? () => Right.now() + aheadMs : Reflect.get(target, name)),
    })
  }, TEN_MINUTES_MS)
  await page.goto('/sign-in')
  await giveName(page, TENANT, person.username)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  const code = page.getByLabel('Code of your authenticator app')
  // What an app on the same device shows.
  await code.fill(totpCode(secret, Date.now() + TEN_MINUTES_MS))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await waitForShown(page.getByText('The clock of this device is 10 minutes fast.'))
  await code.fill(totpCode(secret, Date.now()))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await waitUntilAway(page, '/sign-in')
  await waitForShown(page.getByRole('button', { name: 'Sign out' }))
  // What the service did a moment ago is not ten minutes old.
  await page.goto('/security')
  const session = page.getByRole('listitem').filter({ hasText: 'This session' })
  await waitForShown(session.getByRole('time').first())
  for (const age of await session.getByRole('time').allInnerTexts()) expect(age).toMatch(/^(?:now|\d+ seconds? ago)$/)
  expect(visitor.complaints).toEqual([])
})
