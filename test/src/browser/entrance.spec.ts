import { afterAll, beforeAll, expect, it } from 'vitest'

import { openSession, waitForHeading, waitForShown, waitUntilAway } from './portal.ts'
import { PortalService } from './portal-service.ts'

const TENANT = 'entrance'

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
