import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { queryRows } from '../integration/query-rows.ts'
import { follow, openSession, waitForHeading, waitForShown } from './portal.ts'
import { PortalService } from './portal-service.ts'
import type { Visitor } from './visitor.ts'

const TENANT = 'leaving'
/** Longer than pages take to hear of a change and to ask for what it concerns. */
const EVENT_PATIENCE_MS = 1000

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
})
afterAll(() => parts.disposeAsync())

describe('what would be lost by leaving', () => {
  /** What the preview of rules has asked since so many requests. */
  const askedSince = ({ requests }: Visitor, start: number): string[] =>
    requests
      .slice(start)
      .filter(({ url }) => url.endsWith('/policy/dry-run'))
      .map(({ text }) => text.split('\n').at(-1) ?? '')

  it('is asked for before unsaved rules go, by whatever way; saved, they are tried once and left as they are', async () => {
    await using visitor = await service.enter()
    const { page } = visitor
    await openSession(visitor, TENANT, service.administrator)
    await page.goto('/admin/users')
    await follow(page, 'MFA policy')
    const rule = page.getByRole('checkbox', { name: /^Ask on a new device/ })
    const before = await rule.isChecked()
    const link = page.getByRole('navigation').getByRole('link', { name: 'Users', exact: true })
    const question = page.getByRole('alertdialog', { name: 'Leave without saving?' })
    const stay = async (): Promise<void> => {
      await question.getByRole('button', { name: 'Stay here' }).click()
      await question.waitFor({ state: 'hidden' })
      await page.waitForURL('**/admin/policy')
      expect(await rule.isChecked()).toBe(!before)
    }
    await rule.setChecked(!before)
    await link.click()
    expect(await visitor.accessibilityProblems()).toEqual([])
    await stay()
    await page.goBack()
    await stay()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await stay()
    const browserAsks = page.waitForEvent('dialog')
    await page.evaluate(() => {
      setTimeout(() => {
        location.reload()
      })
    })
    expect((await browserAsks).type()).toBe('beforeunload')
    await (await browserAsks).dismiss()

    await page.getByRole('button', { name: 'Save …' }).click()
    const start = visitor.requests.length
    await page.getByRole('alertdialog').getByRole('button', { name: 'Save policy' }).click()
    await waitForShown(page.getByText('The policy is saved and holds.'))
    await waitForShown(page.getByText('You have changed nothing yet'))
    // The form is another one now, and so is what had the focus.
    await expect.poll(() => page.evaluate(() => document.activeElement === document.body)).toBe(false)
    await expect.poll(() => askedSince(visitor, start).length).toBeGreaterThan(0)
    await page.waitForTimeout(EVENT_PATIENCE_MS)
    const asked = askedSince(visitor, start)
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.filter((body) => body.includes('"policy"'))).toEqual([])

    await rule.setChecked(before)
    await page.getByRole('button', { name: 'Discard changes' }).click()
    await expect.poll(() => rule.isChecked()).toBe(!before)
    await rule.setChecked(before)
    await link.click()
    await question.getByRole('button', { name: 'Leave without saving' }).click()
    await waitForHeading(page, 'Users')
    await follow(page, 'MFA policy')
    expect(await rule.isChecked()).toBe(!before)
    await link.click()
    await waitForHeading(page, 'Users')
    expect(visitor.complaints).toEqual([])
  })

  it('is asked for before something goes that is shown only once, until it was copied', async () => {
    await using visitor = await service.enter()
    const { page } = visitor
    await openSession(visitor, TENANT, service.administrator)
    await page.goto('/')
    await follow(page, 'Users')
    await page.getByRole('button', { name: 'Add a user' }).click()
    const form = page.getByRole('dialog', { name: 'Add a user' })
    await form.getByLabel('User name').fill('hasty')
    await page.keyboard.press('Escape')
    const discard = page.getByRole('alertdialog', { name: 'Leave without saving?' })
    // A second Escape is for the question as soon as that has the focus.
    await expect.poll(() => discard.evaluate((shown) => shown.contains(document.activeElement))).toBe(true)
    await page.keyboard.press('Escape')
    await discard.waitFor({ state: 'hidden' })
    expect(await form.getByLabel('User name').inputValue()).toBe('hasty')
    await form.getByRole('button', { name: 'Invite' }).click()

    const shown = page.getByRole('dialog', { name: 'hasty was added' })
    await waitForShown(shown)
    const question = page.getByRole('alertdialog', { name: 'Leave without keeping what is shown?' })
    const ways = [
      () => page.keyboard.press('Escape'),
      () => page.mouse.click(2, 2),
      () => shown.getByRole('button', { name: 'Close', exact: true }).click(),
      () => shown.getByRole('button', { name: 'Add another' }).click(),
      () => shown.getByRole('link', { name: 'Open the user' }).click(),
      () => page.goBack(),
    ]
    for (const leave of ways) {
      await leave()
      await question.getByRole('button', { name: 'Stay here' }).click()
      await question.waitFor({ state: 'hidden' })
      await page.waitForURL('**/admin/users')
      expect(await shown.isVisible()).toBe(true)
    }
    await page.keyboard.press('Escape')
    await question.getByRole('button', { name: 'Leave without a copy' }).click()
    await shown.waitFor({ state: 'hidden' })

    await page.getByRole('button', { name: 'Add a user' }).click()
    await form.getByLabel('User name').fill('careful')
    await form.getByRole('button', { name: 'Invite' }).click()
    const careful = page.getByRole('dialog', { name: 'careful was added' })
    // By the mouse, as people do: a press there has the focus come along, and what is copied is what was selected.
    await careful.getByText(/\/link\//).click({ clickCount: 3 })
    expect(await page.evaluate(() => String(getSelection()))).toContain('/link/')
    await page.keyboard.press('Control+C')
    await page.keyboard.press('Escape')
    await careful.waitFor({ state: 'hidden' })
    // What is under a question is hidden too: both must be gone.
    await expect.poll(() => page.getByRole('alertdialog').count()).toBe(0)
    expect(await careful.count()).toBe(0)
    expect(visitor.complaints).toEqual([])
  })
})

it('leads back to the page of a list that was left, also when it is loaded anew, on a phone with a long name above', async () => {
  const { harness, tenant, administrator } = service
  await queryRows(harness.postgres.url, 'UPDATE tenants SET name = $2 WHERE id = $1', [tenant.tenantId, 'W'.repeat(64)])
  await queryRows(
    harness.postgres.url,
    "INSERT INTO users (tenant_id, username) SELECT $1, 'person-' || n FROM generate_series(1001, 1120) AS n",
    [tenant.tenantId],
  )
  const width = 390
  await using visitor = await service.enter({ viewport: { width, height: 844 } })
  const { page } = visitor
  await openSession(visitor, TENANT, administrator)
  await page.goto('/admin/users')
  const first = page.getByRole('rowheader').first().getByRole('link')
  for (const start of [/person-10[3-6]/, /person-1(0[89]|1[01])/]) {
    await page.getByRole('button', { name: 'Next' }).click()
    await first.filter({ hasText: start }).waitFor()
  }
  const name = await first.innerText()
  await first.click()
  await waitForHeading(page, name)
  await page.goBack()
  await first.filter({ hasText: name }).waitFor()
  await page.reload()
  await first.filter({ hasText: name }).waitFor()
  const menu = await page.getByRole('button', { name: 'Menu' }).boundingBox()
  expect(menu === null ? width : menu.x + menu.width).toBeLessThan(width)
  expect(visitor.complaints).toEqual([])
})
