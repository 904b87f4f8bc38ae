import { afterAll, beforeAll, expect, it } from 'vitest'

import { openSession, waitForHeading, waitForShown } from './portal.ts'
import { PortalService } from './portal-service.ts'

const TENANT = 'owner'
/** What the browser itself says of the stream that is kept from it. */
const LOST = /ERR_FAILED/

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
})
afterAll(() => parts.disposeAsync())

it('is nobody’s page but one person’s: whoever signs in in another tab finds it anew, and nothing done in their name', async () => {
  const other = await service.addPerson('next.person', { totp: false })
  await using visitor = await service.enter()
  const { page, context } = visitor
  // What a page hears at once in most cases, and not in all.
  await context.route('**/api/v1/events', (route) => route.abort())
  await openSession(visitor, TENANT, service.administrator)
  await page.goto('/admin/users?search=next.person')
  await page.getByRole('button', { name: 'Add a user' }).click()
  const form = page.getByRole('dialog', { name: 'Add a user' })
  await form.getByLabel('User name').fill('of.the.first')

  // Nobody is asked whether another's changes may be lost.
  const questions: string[] = []
  page.on('dialog', (dialog) => {
    questions.push(dialog.type())
    void dialog.dismiss()
  })
  await openSession(visitor, TENANT, other)
  await form.getByRole('button', { name: 'Invite' }).click()
  await waitForHeading(page, /^Hello/)
  expect(await page.getByRole('link', { name: 'Users' }).count()).toBe(0)
  const found = await service.tenant.client.api.call('GET', '/users?search=of.the.first')
  expect(found).toMatchObject({ items: [] })
  expect(questions).toEqual([])

  // One tab tells the others, without the service.
  const second = await context.newPage()
  await second.goto('/security')
  await second.getByRole('button', { name: 'Sign out', exact: true }).click()
  await waitForHeading(page, 'Sign in')
  await waitForShown(page.getByText('Your session has ended'))
  expect(visitor.complaints.filter((complaint) => !LOST.test(complaint))).toEqual([])
})
