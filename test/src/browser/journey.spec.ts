import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { type Namespace, OpenVpnClient, totpCode, TotpDevice } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Account, PRIVATE_HOST } from '../interop/site.ts'
import { fetchPage } from '../interop/traffic.ts'
import { World } from '../interop/world.ts'
import { BrowserMachine } from './browser-machine.ts'
import { expectSamePage, follow, keepRecoveryCodes, markPage, signIn, waitForHeading, waitForShown } from './portal.ts'
import { tracesOfPrivateKey } from './private-key-traces.ts'
import type { Visitor } from './visitor.ts'

const TENANT = 'journey'
const USERNAME = 'grace.hopper'
const PASSWORD = 'nine purple kettles sing'
const DEVICE = 'Field laptop'

const parts = new AsyncDisposableStack()
let world: World
let host: Namespace
let machine: BrowserMachine
let administrator: Visitor
let employee: Visitor
/** What the employee has at the end of each step for the next. */
let invitation: string
let account: Account
let profile: string
let client: OpenVpnClient

beforeAll(async () => {
  world = parts.use(await World.create({ sites: [{ slug: TENANT }] }))
  host = await world.addHost('client')
  machine = parts.use(await BrowserMachine.start(world.stack.publicUrl))
  administrator = await machine.enter({ permissions: ['clipboard-write'] })
  employee = await machine.enter()
})
afterAll(() => parts.disposeAsync())

function startClient(given: Account, otp: () => Promise<string>): Promise<OpenVpnClient> {
  const { username, password } = given
  return OpenVpnClient.start({ namespace: host, profile, username, password, otp })
}

describe('from an invitation to a tunnel', () => {
  it('an administrator signs in and invites somebody', async () => {
    const { page } = administrator
    await signIn(administrator, TENANT, world.site(TENANT).administratorAccount)
    await follow(page, 'Users')
    await page.getByRole('button', { name: 'Add a user' }).click()
    const form = page.getByRole('dialog', { name: 'Add a user' })
    await form.getByLabel('User name').fill(USERNAME)
    await form.getByLabel('Name', { exact: true }).fill('Grace Hopper')
    await form.getByRole('button', { name: 'Invite' }).click()
    const made = page.getByRole('dialog', { name: `${USERNAME} was added` })
    await made.getByRole('button', { name: 'Copy Link to choose a password' }).click()
    invitation = await made.getByLabel('Link to choose a password', { exact: true }).innerText()
    await made.getByRole('button', { name: 'Done' }).click()
    const search = page.getByRole('searchbox')
    await search.press('ControlOrMeta+V')
    expect(invitation).toContain(await search.inputValue())
    expect(await search.inputValue()).toContain(`${world.stack.publicUrl}/link/`)
    await search.fill('')
    await waitForShown(page.getByRole('row', { name: /Grace Hopper/ }).getByText('Invited'))
  })

  it('who is invited chooses a password and is led to a second factor with codes to keep', async () => {
    const { page } = employee
    await page.goto(invitation)
    await waitForHeading(page, 'Welcome')
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Set the password and sign in' }).click()
    await waitForHeading(page, 'Set up your second factor')
    await page.getByRole('button', { name: /^Authenticator app/ }).click()
    const secret = await page.getByLabel('secret', { exact: true }).innerText()
    const device = new TotpDevice(secret)
    account = { username: USERNAME, password: PASSWORD, totp: { secret, device } }
    await page.getByLabel('The code that the app shows now').fill(await device.code())
    await page.getByRole('button', { name: 'Confirm' }).click()
    expect(new Set(await keepRecoveryCodes(page)).size).toBeGreaterThanOrEqual(8)
    await waitForHeading(page, 'Hello, Grace Hopper')
    await waitForShown(page.getByText('You have no device yet.'))
  })

  it('they add a device and have its profile, with a key that was made in the browser', async () => {
    const { page } = employee
    await page.getByRole('link', { name: 'Add your first device' }).click()
    await waitForHeading(page, 'Add a device')
    await page.getByLabel('Name of the device').fill(DEVICE)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Make the profile' }).click()
    const download = await saved
    expect(download.suggestedFilename()).toBe(`${TENANT}-field-laptop.ovpn`)
    profile = await readFile(await download.path(), 'utf8')
    expect(privateKey()).toContain('BEGIN PRIVATE KEY')
    await waitForHeading(page, `“${DEVICE}” is added`)
  })

  it('a wrong code keeps them out, and the portal says why in plain words', async () => {
    const { page } = employee
    const other = await employee.context.newPage()
    await other.goto('/connections')
    await waitForShown(
      other.getByText('There were no attempts yet.').or(other.getByText('Sign-in to the portal')).first(),
    )
    await markPage(other)
    const wrong = String((Number(totpCode(account.totp?.secret ?? '', Date.now())) + 500_000) % 1_000_000)
    await using refused = await startClient(account, () => Promise.resolve(wrong.padStart(6, '0')))
    expect(await refused.waitForFailure(60_000)).toMatch(/code/i)
    await waitForShown(other.getByText('The code was wrong or too old.').first())
    await expectSamePage(other)
    await other.close()
    await waitForShown(page.getByText(`Waiting for “${DEVICE}” to connect`))
  })

  it('openvpn connects with that file, and every page that is open shows it by itself', async () => {
    const { page } = employee
    await follow(administrator.page, 'All connections')
    await waitForShown(administrator.page.getByText('Nobody is connected'))
    await markPage(administrator.page)
    await markPage(page)
    client = parts.use(await startClient(account, () => account.totp?.device.code() ?? Promise.resolve('')))
    const { ipv4 } = await client.waitForConnected(60_000)
    expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${TENANT}</h1>`)

    await waitForShown(page.getByText(`“${DEVICE}” has connected.`))
    await expectSamePage(page)
    const row = administrator.page.getByRole('row', { name: new RegExp(USERNAME) })
    await waitForShown(row.getByText('Live', { exact: true }))
    await waitForShown(row.getByText(ipv4))
    await expectSamePage(administrator.page)
  })

  it('they lengthen their session while the tunnel goes on', async () => {
    const { page } = employee
    await page.getByRole('link', { name: 'To the start page' }).click()
    await waitForShown(page.getByRole('heading', { name: 'You are connected' }))
    await page.getByRole('button', { name: 'Extend the session' }).click()
    await waitForShown(page.getByText(/^Your session now lasts until/))
    expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${TENANT}</h1>`)
    expect(client.promptCount).toBe(1)
  })

  it('the list of their devices shows which one is connected', async () => {
    const { page } = employee
    await follow(page, 'Devices')
    await waitForShown(page.getByText('Connected', { exact: true }))
    await page.goBack()
    await waitForHeading(page, 'Hello, Grace Hopper')
  })

  it('an administrator revokes the device: the tunnel is gone, and everybody sees it by themselves', async () => {
    const desk = await administrator.context.newPage()
    await desk.goto('/admin/devices')
    await markPage(employee.page)
    const mark = client.mark
    await desk.getByRole('button', { name: `Revoke “${DEVICE}” of ${USERNAME}` }).click()
    const question = desk.getByRole('alertdialog', { name: `Revoke “${DEVICE}” of ${USERNAME}?` })
    await waitForShown(question.getByText('This cannot be undone.'))
    await question.getByRole('button', { name: 'Revoke device' }).click()
    await question.waitFor({ state: 'hidden' })
    await client.waitForEvent(/^>NOTIFY:info,server-pushed-halt,This device is revoked/, 30_000, mark)
    expect(await fetchPage(host, PRIVATE_HOST.ipv4, 2)).toBeUndefined()

    await waitForShown(employee.page.getByRole('heading', { name: 'You are not connected' }))
    await expectSamePage(employee.page)
    await waitForShown(administrator.page.getByText('Nobody is connected'))
    await expectSamePage(administrator.page)
  })
})

function privateKey(): string {
  return /<key>\n([^<]*)<\/key>/.exec(profile)?.[1] ?? ''
}

describe('the private key of the device', () => {
  const sentTraces = (): readonly string[] =>
    machine.tap.sent.flatMap((bytes) => tracesOfPrivateKey(privateKey(), bytes))

  it('was in nothing that any browser sent, and browsers sent to nobody else', () => {
    const texts = machine.tap.sent.map(String)
    expect(texts.some((text) => text.includes('POST /api/v1/devices '))).toBe(true)
    expect(texts.some((text) => text.includes('BEGIN CERTIFICATE REQUEST'))).toBe(true)
    expect(sentTraces()).toEqual([])
    const { publicUrl } = world.stack
    const addresses = [...administrator.requests, ...employee.requests].map(({ url }) => new URL(url))
    expect(addresses.filter(({ protocol, origin }) => protocol.startsWith('http') && origin !== publicUrl)).toEqual([])
    expect([...administrator.complaints, ...employee.complaints]).toEqual([])
  })

  it.each([
    ['as it is', (pem: string) => pem, 'PEM'],
    ['in JSON', (pem: string) => JSON.stringify({ note: pem }), 'base64'],
    ['in an address', (pem: string) => new URLSearchParams({ note: pem }).toString(), 'base64'],
    ['without its first and last line', (pem: string) => pem.replaceAll(/-----.*-----/g, ''), 'base64'],
    ['in base64 again', (pem: string) => Buffer.from(pem).toString('base64'), 'base64 of a text'],
    ['as a JWK', (pem: string) => JSON.stringify(createJwk(pem)), 'base64'],
    ['in hexadecimal', (pem: string) => derOf(pem).toString('hex'), 'hexadecimal'],
    ['in numbers', (pem: string) => JSON.stringify([...derOf(pem)]), 'numbers'],
    ['in bytes', (pem: string) => derOf(pem), 'bytes'],
  ])('would have been found %s', async (_, write, form) => {
    machine.tap.forget()
    const body = [...Buffer.from(write(privateKey()))]
    await employee.page.evaluate(
      (bytes) => fetch('/api/v1/sign-out', { method: 'POST', body: new Blob([new Uint8Array(bytes)]) }),
      body,
    )
    expect(sentTraces()).toContain(form)
  })
})

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ''), 'base64')
}

function createJwk(pem: string): object {
  return createPrivateKey(pem).export({ format: 'jwk' })
}
