import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

import type { Account } from '../interop/site.ts'
import type { Visitor } from './visitor.ts'

/** Long enough for what a machine under load does; what must be quick is measured where it is tested. */
const PATIENCE_MS = 60_000

/** Signs somebody in by the pages, from the sign-in page to whatever comes behind it. */
export async function signIn({ page }: Visitor, tenant: string, account: Account): Promise<void> {
  await page.goto('/sign-in')
  await giveName(page, tenant, account.username)
  await givePassword(page, account)
  await waitUntilAway(page, '/sign-in')
}

/** Gives the browser a session without the pages, for who tests what comes after; two steps where there is a factor. */
export async function openSession({ context }: Visitor, tenant: string, account: Account): Promise<void> {
  const { username, password, totp } = account
  const otp = totp === undefined ? {} : { otp: await totp.device.code() }
  const answer = await context.request.post('/api/v1/sign-in', { data: { tenant, username, password, ...otp } })
  expect(await answer.json()).toMatchObject({ status: 'signed-in' })
}

/** Types who somebody is; an organisation that the browser remembers is chosen anew. */
export async function giveName(page: Page, tenant: string, username: string): Promise<void> {
  const other = page.getByRole('button', { name: 'Another organisation' })
  const organisation = page.getByLabel('Organisation', { exact: true })
  await other.or(organisation).first().waitFor()
  if (await other.isVisible()) await other.click()
  await organisation.fill(tenant)
  await page.getByLabel('User name').fill(username)
}

/** Types the password and, where there is one, the code of the authenticator app. */
export async function givePassword(page: Page, { password, totp }: Account): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  if (totp === undefined) return
  const code = page.getByLabel('Code of your authenticator app')
  await code.waitFor()
  await code.fill(await totp.device.code())
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Waits until the page is another one than that at this path. */
export async function waitUntilAway(page: Page, path: string): Promise<void> {
  await page.waitForURL((url) => url.pathname !== path, { timeout: PATIENCE_MS })
}

/** Waits for the page with this heading. */
export async function waitForHeading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name }).waitFor({ timeout: PATIENCE_MS })
}

/** Waits until something is shown, for longer than a click would. */
export async function waitForShown(shown: Locator): Promise<void> {
  await shown.waitFor({ timeout: PATIENCE_MS })
}

/** Goes to a page by the navigation, as people do. */
export async function follow(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await waitForHeading(page, name)
}

/** Marks the page as it is; a page that was loaded anew has lost the mark. */
export async function markPage(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(globalThis, { pageOfTest: true }))
}

/** Fails when the page was loaded anew since `markPage`. */
export async function expectSamePage(page: Page): Promise<void> {
  expect(await page.evaluate(() => 'pageOfTest' in globalThis)).toBe(true)
}

/** Says that the new recovery codes are kept, and gives them. */
export async function keepRecoveryCodes(page: Page): Promise<readonly string[]> {
  await waitForHeading(page, 'Keep your recovery codes')
  await page.getByLabel('I have kept them in a safe place').check()
  const codes = await page.getByRole('listitem').allInnerTexts()
  await page.getByRole('button', { name: 'Continue' }).click()
  await waitUntilAway(page, '/enrol')
  return codes
}

/** Answers the question that comes before sensitive acts, when it comes before `shown`. */
export async function proveIfAsked(page: Page, { password, totp }: Account, shown: Locator): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Please prove that it is you' })
  await waitForShown(dialog.or(shown).first())
  if (!(await dialog.isVisible())) return
  await dialog.getByLabel('Password', { exact: true }).fill(password)
  if (totp !== undefined) await dialog.getByLabel('Code of your authenticator app').fill(await totp.device.code())
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await waitForShown(shown)
}
