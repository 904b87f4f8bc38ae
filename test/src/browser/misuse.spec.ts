import { fieldOf, requiredText } from '@sallyport/local-services'
import { SoftwareAuthenticator, startWebServer, totpCode } from '@sallyport/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { PASSWORD } from '../integration/auth-service-harness.ts'
import { addPasskey } from '../integration/portal-sign-in.ts'
import { queryRows } from '../integration/query-rows.ts'
import {
  expectSamePage,
  giveName,
  givePassword,
  keepRecoveryCodes,
  markPage,
  openSession,
  signIn,
  waitForHeading,
  waitForShown,
} from './portal.ts'
import { PortalService } from './portal-service.ts'
import type { Visitor } from './visitor.ts'

const TENANT = 'misuse'
const SIX_MINUTES_MS = 360_000
/** What the browser itself says of a network that was taken away, whatever the page makes of it. */
const LOST = /ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK/

/** Where somebody else has pages, by every name of the machine. */
const FOREIGN_PORT = '8000'

const parts = new AsyncDisposableStack()
let service: PortalService

beforeAll(async () => {
  service = parts.use(await PortalService.start(TENANT))
  parts.use(await startWebServer(service.machine.namespace, '127.0.0.1', Number(FOREIGN_PORT), 'Somebody else'))
})
afterAll(() => parts.disposeAsync())

function complaintsOf({ complaints }: Visitor): string[] {
  return complaints.filter((complaint) => !LOST.test(complaint))
}

describe('a link that is no good any more', () => {
  async function invite(username: string): Promise<string> {
    const invited = await service.tenant.client.api.call('POST', '/users', { username, credential: 'invitation' })
    return requiredText(fieldOf(invited, 'invitation'), 'url')
  }

  it('says so in a sentence, and leads on', async () => {
    const [expired, used] = [await invite('too-late'), await invite('twice')]
    await queryRows(
      service.harness.postgres.url,
      `UPDATE one_time_links SET expires_at = now() - interval '1 minute'
       WHERE user_id = (SELECT id FROM users WHERE username = 'too-late')`,
    )
    const token = new URL(used).pathname.split('/').at(-1) ?? ''
    await service.tenant.client.api.call('POST', `/links/${token}`, { password: PASSWORD })
    await using visitor = await service.enter()
    const { page } = visitor
    await page.goto(expired)
    await waitForShown(page.getByText('This link has expired'))
    expect(await page.getByLabel('New password', { exact: true }).count()).toBe(0)
    // No mail is set up here.
    await waitForShown(page.getByText('please ask your administrator'))
    expect(await page.getByRole('link', { name: 'Mail me a new link' }).count()).toBe(0)
    await page.goto(used)
    await waitForShown(page.getByText('This link was used already'))
    await page.getByRole('link', { name: 'To the sign-in' }).click()
    await waitForHeading(page, 'Sign in')
    await page.goto(used.slice(0, -3))
    await waitForShown(page.getByText('This link does not work'))
    expect(visitor.complaints).toEqual([])
  })

  it('says so too when it was used or ran out while its page was open', async () => {
    const address = await invite('slow')
    await using visitor = await service.enter()
    const { page } = visitor
    await page.goto(address)
    await page.getByLabel('New password', { exact: true }).fill('nine purple kettles sing')
    await queryRows(
      service.harness.postgres.url,
      `UPDATE one_time_links SET expires_at = now() - interval '1 second'
       WHERE user_id = (SELECT id FROM users WHERE username = 'slow')`,
    )
    await page.getByRole('button', { name: 'Set the password and sign in' }).click()
    await waitForShown(page.getByText('This link has expired'))
  })
})

describe('two pages that set up the same authenticator app', () => {
  it('show the same secret in one browser; in another, the newer one counts and the older page says so', async () => {
    const user = await service.harness.user(service.tenant, 'doubled', { totp: true })
    const account = { username: user.username, password: PASSWORD, totp: undefined }
    const begin = async (page: Page): Promise<string> => {
      await page.goto('/')
      await waitForHeading(page, 'Set up your second factor')
      await page.getByRole('button', { name: /^Authenticator app/ }).click()
      return page.getByLabel('secret', { exact: true }).innerText()
    }
    await using visitor = await service.enter()
    await openSession(visitor, TENANT, account)
    const first = await begin(visitor.page)
    expect(await begin(await visitor.context.newPage())).toBe(first)

    await using elsewhere = await service.enter()
    await openSession(elsewhere, TENANT, account)
    expect(await begin(elsewhere.page)).not.toBe(first)
    await visitor.page.getByLabel('The code that the app shows now').fill(totpCode(first, Date.now()))
    await visitor.page.getByRole('button', { name: 'Confirm' }).click()
    await waitForShown(visitor.page.getByText('begun again in another browser'))
    const secret = await visitor.page.getByLabel('secret', { exact: true }).innerText()
    expect(secret).not.toBe(first)
    await visitor.page.getByLabel('The code that the app shows now').fill(totpCode(secret, Date.now()))
    await visitor.page.getByRole('button', { name: 'Confirm' }).click()
    await keepRecoveryCodes(visitor.page)
  })
})

describe('a network that is lost', () => {
  it('in the middle of the enrolment costs nothing: what was sent twice counts once', async () => {
    const user = await service.harness.user(service.tenant, 'tunnelled', { totp: true })
    await using visitor = await service.enter()
    const { page, context } = visitor
    await openSession(visitor, TENANT, { username: user.username, password: PASSWORD, totp: undefined })
    await page.goto('/')
    await waitForHeading(page, 'Set up your second factor')
    await page.getByRole('button', { name: /^Authenticator app/ }).click()
    const secret = await page.getByLabel('secret', { exact: true }).innerText()
    await page.getByLabel('The code that the app shows now').fill(totpCode(secret, Date.now()))

    await context.setOffline(true)
    await page.getByRole('button', { name: 'Confirm' }).click()
    await waitForShown(page.getByText('nothing was lost'))
    await context.setOffline(false)

    // This time it arrives, and the answer does not.
    await loseAnswerOnce(page, '**/api/v1/me/totp/confirm')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await waitForShown(page.getByText('nothing was lost'))
    await loseAnswerOnce(page, '**/api/v1/me/recovery-codes')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByRole('button', { name: 'Make new codes' }).click()
    const codes = await keepRecoveryCodes(page)
    expect(complaintsOf(visitor)).toEqual([])

    // What is on the sheet is what holds.
    await user.client.signIn({ tenant: TENANT, username: user.username, password: PASSWORD, otp: codes[0] ?? '' })
  })
})

/** Lets the next such request through to the service and loses its answer. */
async function loseAnswerOnce(page: Page, address: string): Promise<void> {
  await page.route(
    address,
    async (route) => {
      await route.fetch()
      await route.abort()
    },
    { times: 1 },
  )
}

it('tells every tab that the session has ended, and brings whoever signs in again back to where they were', async () => {
  await using visitor = await service.enter()
  await openSession(visitor, TENANT, service.administrator)
  const first = visitor.page
  const second = await visitor.context.newPage()
  await first.goto('/')
  await second.goto('/admin/users?search=nobody')
  await waitForHeading(second, 'Users')
  await markPage(second)
  await first.getByRole('button', { name: 'Sign out' }).click()
  await waitForHeading(first, 'Sign in')
  await waitForHeading(second, 'Sign in')
  await expectSamePage(second)
  await waitForShown(second.getByText('Your session has ended'))
  await giveName(second, TENANT, service.administrator.username)
  await givePassword(second, service.administrator)
  await waitForHeading(second, 'Users')
  expect(new URL(second.url()).search).toBe('?search=nobody')
  expect(visitor.complaints).toEqual([])
})

describe('a browser that knows no passkeys', () => {
  async function enterWithout(): Promise<Visitor> {
    const visitor = await service.enter()
    await visitor.context.addInitScript(() => {
      Reflect.deleteProperty(globalThis, 'PublicKeyCredential')
    })
    return visitor
  }

  it('is offered the authenticator app, with the reason', async () => {
    const user = await service.harness.user(service.tenant, 'old-browser', { totp: true })
    await using visitor = await enterWithout()
    const { page } = visitor
    await signIn(visitor, TENANT, { username: user.username, password: PASSWORD, totp: undefined })
    await waitForHeading(page, 'Set up your second factor')
    await waitForShown(page.getByText('This browser cannot use passkeys here'))
    expect(await page.getByRole('button', { name: /^Passkey/ }).count()).toBe(0)
    await page.getByRole('button', { name: /^Authenticator app/ }).click()
    await waitForShown(page.getByLabel('The code that the app shows now'))
    expect(visitor.complaints).toEqual([])
  })

  it('says what to do to somebody who has nothing but a passkey', async () => {
    const user = await service.harness.user(service.tenant, 'keyholder', { totp: true })
    await addPasskey(user, new SoftwareAuthenticator(service.harness.publicUrl))
    await using visitor = await enterWithout()
    const { page } = visitor
    await page.goto('/sign-in')
    await giveName(page, TENANT, user.username)
    await givePassword(page, { username: user.username, password: PASSWORD, totp: undefined })
    await waitForShown(page.getByText('Your second factor is a passkey, and this browser cannot use passkeys here.'))
    await page.getByRole('button', { name: 'Sign in as somebody else' }).click()
    await waitForShown(page.getByLabel('User name'))
    expect(visitor.complaints).toEqual([])
  })
})

it('asks again who it is before something sensitive, does nothing without an answer, and goes on with it', async () => {
  await using visitor = await service.enter()
  const { page } = visitor
  await openSession(visitor, TENANT, service.administrator)
  await page.goto('/admin/users')
  await service.setClock(SIX_MINUTES_MS)
  try {
    await page.getByRole('button', { name: 'Add a user' }).click()
    const form = page.getByRole('dialog', { name: 'Add a user' })
    await form.getByLabel('User name').fill('sensitive')
    await form.getByLabel('Role').selectOption('Auditor')
    await form.getByRole('button', { name: 'Invite' }).click()
    const question = page.getByRole('dialog', { name: 'Please prove that it is you' })
    await question.getByRole('button', { name: 'Not now' }).click()
    await question.waitFor({ state: 'hidden' })
    const found = await service.tenant.client.api.call('GET', '/users?search=sensitive')
    expect(found).toMatchObject({ items: [] })

    await form.getByRole('button', { name: 'Invite' }).click()
    await question.getByLabel('Password', { exact: true }).fill('not the password')
    await question.getByRole('button', { name: 'Continue' }).click()
    await waitForShown(question.getByText('This is not your present password.'))
    await question.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await question.getByRole('button', { name: 'Continue' }).click()
    await waitForShown(page.getByRole('dialog', { name: 'sensitive was added' }))
    expect(visitor.complaints).toEqual([])
  } finally {
    await service.setClock(0)
  }
})

describe('a session', () => {
  it('is listed for its user, who ends one of them or all, and the pages of those know at once', async () => {
    const person = await service.addPerson('many.screens', { totp: false })
    await using here = await service.enter()
    await using there = await service.enter()
    await using elsewhere = await service.enter()
    for (const visitor of [here, there, elsewhere]) {
      await openSession(visitor, TENANT, person)
      await visitor.page.goto('/security')
      await waitForHeading(visitor.page, 'Account and security')
      await markPage(visitor.page)
    }
    const list = here.page.getByRole('region', { name: 'Where you are signed in' })
    // One more is that with which the account was made ready.
    await expect.poll(() => list.getByRole('listitem').count()).toBe(4)
    expect(await list.getByText('This session', { exact: true }).count()).toBe(1)
    await list.getByRole('button', { name: 'End', exact: true }).first().click()
    const question = here.page.getByRole('alertdialog', { name: /^End the session/ })
    await question.getByRole('button', { name: 'End', exact: true }).click()
    await expect.poll(() => list.getByRole('listitem').count()).toBe(3)
    const isOut = ({ page }: Visitor): boolean => new URL(page.url()).pathname === '/sign-in'
    await expect.poll(() => [there, elsewhere].filter(isOut).length, { timeout: 10_000 }).toBe(1)

    await here.page.getByRole('button', { name: 'Sign out everywhere' }).click()
    const all = here.page.getByRole('alertdialog', { name: 'Sign out everywhere?' })
    await all.getByRole('button', { name: 'Sign out everywhere' }).click()
    for (const visitor of [here, there, elsewhere]) {
      await waitForHeading(visitor.page, 'Sign in')
      await expectSamePage(visitor.page)
      expect((await visitor.context.request.get('/api/v1/me')).status()).toBe(401)
      expect(visitor.complaints).toEqual([])
    }
  })

  it('is in a cookie that no script sees and no other site sends, and in no storage', async () => {
    await using visitor = await service.enter()
    const { page, context } = visitor
    await signIn(visitor, TENANT, service.administrator)
    await page.goto('/admin/users')
    await waitForHeading(page, 'Users')
    const cookies = await context.cookies()
    expect(cookies).toEqual([expect.objectContaining({ httpOnly: true, sameSite: 'Strict' })])
    const seen = await page.evaluate(() => ({
      cookie: document.cookie,
      stored: [localStorage, sessionStorage].flatMap((storage) => Object.entries(storage)).flat(),
      databases: indexedDB.databases().then((databases) => databases.length),
    }))
    const token = cookies[0]?.value ?? ''
    expect(token.length).toBeGreaterThan(20)
    expect(seen.cookie).toBe('')
    // Preferences, and where somebody was on a page: nothing that is long enough for a credential.
    for (const text of seen.stored.map(String)) {
      expect(text).not.toContain(token)
      expect(text).not.toMatch(/[\w-]{32,}/)
    }
  })

  it('does nothing for pages of other origins', async () => {
    await using visitor = await service.enter()
    await openSession(visitor, TENANT, service.administrator)
    const { page, context } = visitor
    const { publicUrl } = service.harness
    const { tap } = service.machine
    tap.forget()
    // Another site; and another origin of the same site, to which browsers send SameSite cookies.
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(`http://${host}:${FOREIGN_PORT}/`)
      await page.evaluate(async (target) => {
        const options = { method: 'POST', mode: 'no-cors', credentials: 'include' } as const
        // The answers are kept from the page, too.
        await fetch(`${target}/api/v1/sign-out`, options).catch(() => undefined)
        await fetch(`${target}/api/v1/users`, { ...options, body: '{"username":"forged"}' }).catch(() => undefined)
      }, publicUrl)
      const readable = await page.evaluate(
        (target) =>
          fetch(`${target}/api/v1/me`, { credentials: 'include' }).then(
            () => true,
            () => false,
          ),
        publicUrl,
      )
      expect(readable).toBe(false)
      await page.evaluate((target) => {
        const form = Object.assign(document.createElement('form'), {
          method: 'post',
          enctype: 'text/plain',
          action: `${target}/api/v1/sign-out`,
        })
        document.body.append(form)
        form.submit()
      }, publicUrl)
      await page.waitForURL(`${publicUrl}/**`)
    }
    // All of it was sent, and where it was the same site with the cookie: nothing but the service refused it.
    const sent = tap.sent
      .map(String)
      .join('')
      .split(/^(?=[A-Z]+ \/api)/m)
    const forgeries = sent.filter((request) => /^POST \/api\/v1\/(sign-out|users) /.test(request))
    expect(forgeries).toHaveLength(6)
    expect(forgeries.filter((request) => /^cookie: sallyport_session=/im.test(request))).toHaveLength(3)
    expect((await context.request.get('/api/v1/me')).status()).toBe(200)
    const forged = await service.tenant.client.api.call('GET', '/users?search=forged')
    expect(forged).toMatchObject({ items: [] })
  })

  it('shows no page inside a page of somebody else', async () => {
    await using visitor = await service.enter()
    const { page } = visitor
    await page.goto(`http://localhost:${FOREIGN_PORT}/`)
    await page.evaluate((target) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: `${target}/sign-in`, title: 'x' }))
    }, service.harness.publicUrl)
    await expect.poll(() => visitor.complaints.join('\n')).toMatch(/frame-ancestors/)
  })
})
