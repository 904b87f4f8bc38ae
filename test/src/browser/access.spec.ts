import { requiredText } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { addAccount, CLIENT } from '../interop/client-under-test.ts'
import { type Member, PRIVATE_HOST } from '../interop/site.ts'
import { fetchPage } from '../interop/traffic.ts'
import { World } from '../interop/world.ts'
import { BrowserMachine } from './browser-machine.ts'
import {
  follow,
  giveName,
  givePassword,
  keepRecoveryCodes,
  openSession,
  proveIfAsked,
  signIn,
  waitForHeading,
  waitForShown,
  waitUntilAway,
} from './portal.ts'
import { addVirtualAuthenticator } from './virtual-authenticator.ts'

const TENANT = 'access'
/** Pages that are for people who have done what their organisation demands. */
const PAGES = ['/', '/devices', '/devices/add', '/connections', '/security', '/admin', '/admin/users', '/platform']

const GROUP = 'Contractors'
/** A client with a user before it, who can be asked for a code or sent to the browser. */
const GUI = ['--setenv', 'IV_GUI_VER', 'Test_1.0', '--auth-retry', 'interact']
const WEB = ['--setenv', 'IV_SSO', 'webauth']

const parts = new AsyncDisposableStack()
let world: World
let contractor: Account
let traveller: Account
let host: Namespace
let machine: BrowserMachine

type Account = Awaited<ReturnType<typeof addAccount>>

beforeAll(async () => {
  world = parts.use(await World.create({ sites: [{ slug: TENANT }] }))
  host = await world.addHost('client')
  const settings = { webSignIn: true }
  await world.stack.platform.call('PATCH', `/platform/tenants/${world.site(TENANT).tenantId}`, { settings })
  // Whose codes are asked for later enrol first: each code is good once.
  contractor = await addContractor('contractor')
  traveller = await addAccount(world.site(TENANT), 'traveller', { totp: true })
  machine = parts.use(await BrowserMachine.start(world.stack.publicUrl))
})
afterAll(() => parts.disposeAsync())

/** A member with a second factor that nobody asks for, because their group says so. */
async function addContractor(username: string): Promise<Account> {
  const site = world.site(TENANT)
  const { member, device } = await addAccount(site, username, { totp: true })
  const { api } = site.administrator
  const groupId = requiredText(await api.call('POST', '/groups', { name: GROUP }), 'groupId')
  await api.call('PUT', `/groups/${groupId}/policy`, { policy: { mfa: 'off' } })
  await api.call('PUT', `/groups/${groupId}/members/${member.userId}`)
  return { member, device }
}

function codeOf({ totp }: Member): Promise<string> {
  if (totp === undefined) throw new TypeError('the member has no second factor')
  return totp.device.code()
}

/** A user as an administrator makes them, who has never been here. */
async function addNewcomer(username: string): Promise<{ username: string; password: string; totp: undefined }> {
  const { api } = world.site(TENANT).administrator
  const password = requiredText(await api.call('POST', '/users', { username }), 'oneTimePassword')
  return { username, password, totp: undefined }
}

describe('somebody who must have a second factor', () => {
  const password = 'nine purple kettles sing'

  it('can do nothing else before, whatever address they type, and signs in with a passkey from then on', async () => {
    const newcomer = await addNewcomer('newcomer')
    await using visitor = await machine.enter()
    const { page } = visitor
    await addVirtualAuthenticator(page)
    await signIn(visitor, TENANT, newcomer)
    await waitForHeading(page, 'Choose a password')
    await page.getByLabel('Present password').fill(newcomer.password)
    await page.getByLabel('New password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Change the password' }).click()
    await waitForHeading(page, 'Set up your second factor')

    for (const path of PAGES) {
      await page.goto(path)
      await waitForHeading(page, 'Set up your second factor')
      expect(new URL(page.url()).pathname).toBe('/enrol')
    }
    const refused = await page.evaluate(async () => {
      const [read, write] = await Promise.all([
        fetch('/api/v1/devices'),
        fetch('/api/v1/devices', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'laptop', key: 'server-made' }),
        }),
      ])
      return [read.status, write.status]
    })
    expect(refused).toEqual([403, 403])

    await page.getByRole('button', { name: /^Passkey/ }).click()
    await page.getByLabel('Name of the passkey').fill('Work laptop')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await keepRecoveryCodes(page)
    expect(new URL(page.url()).pathname).not.toBe('/sign-in')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await waitForHeading(page, 'Sign in')
    await giveName(page, TENANT, newcomer.username)
    await givePassword(page, { ...newcomer, password })
    await page.getByRole('button', { name: 'Use the passkey' }).click()
    await waitUntilAway(page, '/sign-in')
    await waitForShown(page.getByRole('button', { name: 'Sign out' }))
    expect(visitor.complaints).toEqual([])
  })
})

it('asks the members of a group for a second factor from the next connection on, once an administrator says so', async () => {
  const { member } = contractor
  await using before = await world.startClient(host, contractor, { extraArgs: GUI })
  await before.waitForConnected(60_000)
  expect(before.challenges).toEqual([])
  await before.stop()

  const administrator = world.site(TENANT).administratorAccount
  await using visitor = await machine.enter()
  const { page } = visitor
  await openSession(visitor, TENANT, administrator)
  await page.goto('/admin')
  await follow(page, 'MFA policy')
  const scope = page.getByLabel('Rules of')
  await scope.selectOption({ label: `Group ${GROUP}, 1 rule stated` })
  const example = page.getByRole('region', { name: member.username })
  await waitForShown(example.getByText('Would be let in').first())
  expect(await example.getByText('Would be asked').count()).toBe(0)
  await page.getByRole('group', { name: 'Second factor' }).getByLabel('Required of everybody').check()
  await waitForShown(example.getByText('Would be asked for a second factor').first())

  // Nothing holds before it is saved.
  const stored = await world.site(TENANT).administrator.api.call('GET', `/groups?search=${GROUP}`)
  expect(stored).toMatchObject({ items: [{ policy: { mfa: 'off' } }] })
  await page.getByRole('button', { name: 'Save …' }).click()
  const question = page.getByRole('alertdialog', { name: `Save the policy of the group ${GROUP}?` })
  await waitForShown(question.getByText('Second factor: Asked of nobody → Required of everybody'))
  await question.getByRole('button', { name: 'Save policy' }).click()
  await proveIfAsked(page, administrator, page.getByText('The policy is saved and holds.'))
  expect(visitor.complaints).toEqual([])

  await using after = await world.startClient(host, contractor, { extraArgs: GUI, answer: () => codeOf(member) })
  await after.waitForConnected(60_000)
  expect(after.challenges).toEqual([expect.objectContaining({ kind: 'dynamic', username: member.username })])
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${TENANT}</h1>`)
})

it.runIf(CLIENT.waitsForUsers)(
  'lets a client in or not that waits for its user, as they say on its page, and as nobody else does there',
  async () => {
    const { member } = traveller
    const stranger = await world.site(TENANT).addMember('stranger')
    await using client = await world.startClient(host, traveller, { extraArgs: WEB })
    const event = await client.waitForEvent(/^>INFOMSG:WEB_AUTH:/, 60_000)
    const [, address = ''] = /^>INFOMSG:WEB_AUTH:[^:]*:(.*)$/.exec(event) ?? []

    await using visitor = await machine.enter()
    const { page } = visitor
    await openSession(visitor, TENANT, stranger)
    await page.goto(address)
    await waitForHeading(page, 'Let this device into the VPN?')
    await waitForShown(page.getByText('You are signed in as stranger, but the connection belongs to traveller.'))
    expect(await page.getByRole('button', { name: 'Yes, connect' }).count()).toBe(0)
    const state = new URL(address).pathname.split('/').at(-1) ?? ''
    const refusal = await page.evaluate(async (id) => {
      const answer = await fetch(`/api/v1/connect/${id}/approve`, { method: 'POST' })
      return [answer.status, await answer.json()] as const
    }, state)
    expect(refusal).toEqual([403, expect.objectContaining({ code: 'other-user' })])
    expect(client.events.some((line) => line.includes('CONNECTED,SUCCESS'))).toBe(false)

    const signOut = page.getByRole('button', { name: 'Sign out and continue as traveller' })
    await signOut.click()
    await waitForShown(page.getByText('Please sign in to confirm.'))
    // What happens in another tab is shown here without a reload.
    const tab = await page.context().newPage()
    await tab.goto('/sign-in')
    await giveName(tab, TENANT, stranger.username)
    await givePassword(tab, stranger)
    await signOut.click()
    await tab.close()
    await givePassword(page, member)
    await page.getByRole('button', { name: 'Yes, connect' }).click()
    await waitForHeading(page, 'You are being connected')
    await waitForShown(page.getByText('You can close this window'))
    await client.waitForConnected(60_000)
    expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${TENANT}</h1>`)
    expect(client.promptCount).toBe(1)
    expect(visitor.complaints).toEqual([])

    await page.goto(address)
    await waitForShown(page.getByText('Nobody waits here any more'))

    await client.stop()
    await using unwanted = await world.startClient(host, traveller, { extraArgs: WEB })
    const asked = await unwanted.waitForEvent(/^>INFOMSG:WEB_AUTH:/, 60_000)
    const [, unwantedAddress = ''] = /^>INFOMSG:WEB_AUTH:[^:]*:(.*)$/.exec(asked) ?? []
    await page.goto(unwantedAddress)
    await page.getByRole('button', { name: 'No, that is not me' }).click()
    await waitForHeading(page, 'Not connected')
    await waitForShown(page.getByText('Somebody knows your password'))
    expect(await unwanted.waitForFailure()).toMatch(/declined in the browser/)
    await page.goto(unwantedAddress)
    await waitForShown(page.getByText('Nobody waits here any more'))
  },
)
