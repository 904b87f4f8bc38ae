import { type Namespace, type OpenVpnClient, totpCode } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { addAccount, admitClient, CLIENT } from './client-under-test.ts'
import { withoutOption } from './profile.ts'
import { type Member, PRIVATE_HOST, type Site } from './site.ts'
import { fetchPage } from './traffic.ts'
import { World } from './world.ts'

/** Names that the clients announce as graphical user interfaces do. */
const GUI = ['--setenv', 'IV_GUI_VER', 'Test_1.0', '--auth-retry', 'interact']
const TEXT = ['--setenv', 'IV_SSO', 'crtext']
const WEB = ['--setenv', 'IV_SSO', 'webauth']

type Account = Awaited<ReturnType<typeof addAccount>>

let world: World
let host: Namespace
let accounts: Readonly<Record<'dynamic' | 'mistaken' | 'text' | 'oneField' | 'stranger' | 'web', Account>>

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }, { slug: 'web' }] })
  host = await world.addHost('client')
  const site = world.site('tenant-a')
  await admitClient(world)
  const settings = { webSignIn: true }
  await world.stack.platform.call('PATCH', `/platform/tenants/${world.site('web').tenantId}`, { settings })
  accounts = {
    dynamic: await addAsking(site, 'dynamic'),
    mistaken: await addAsking(site, 'mistaken'),
    text: await addAsking(site, 'text'),
    oneField: await addAsking(site, 'one-field'),
    stranger: await addAccount(world.site('web'), 'stranger', { totp: true }),
    web: await addAccount(world.site('web'), 'web', { totp: true }),
  }
})
afterAll(() => world[Symbol.asyncDispose]())

/** A member with a second factor, whose profile does not ask for the code beforehand. */
async function addAsking(site: Site, username: string): Promise<Account> {
  const { member, device } = await addAccount(site, username, { totp: true })
  return { member, device: { ...device, profile: withoutOption(device.profile, 'static-challenge') } }
}

async function codeOf({ totp }: Member): Promise<string> {
  if (totp === undefined) throw new TypeError('the member has no second factor')
  return totp.device.code()
}

function wrongCode({ totp }: Member): string {
  const right = Number(totpCode(totp?.secret ?? '', Date.now()))
  return String((right + 500_000) % 1_000_000).padStart(6, '0')
}

async function expectConnected(client: OpenVpnClient, slug: string): Promise<void> {
  await client.waitForConnected(60_000)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${slug}</h1>`)
}

describe('a dynamic challenge', () => {
  it('lets the client in that comes back with the code', async () => {
    const { member } = accounts.dynamic
    await using client = await world.startClient(host, accounts.dynamic, {
      extraArgs: GUI,
      answer: () => codeOf(member),
    })
    await expectConnected(client, 'tenant-a')
    expect(client.challenges).toEqual([expect.objectContaining({ kind: 'dynamic', username: 'dynamic' })])
    expect(client.promptCount).toBe(1)
  })

  it('refuses a wrong code with the reason', async () => {
    const { member } = accounts.mistaken
    const extraArgs = ['--setenv', 'IV_GUI_VER', 'Test_1.0', '--auth-retry', 'interact', '--connect-retry-max', '2']
    const answer = (): Promise<string> => Promise.resolve(wrongCode(member))
    await using client = await world.startClient(host, accounts.mistaken, { extraArgs, answer })
    await client.waitForEvent(/AUTH_FAILED,CRV1/, 30_000)
    await client.waitForEvent(/AUTH_FAILED,(?!CRV1).*code/i, 30_000)
  })

  it('is not given before the password was right', async () => {
    await using client = await world.startClient(host, accounts.dynamic, {
      password: 'not the password',
      extraArgs: ['--setenv', 'IV_GUI_VER', 'Test_1.0'],
    })
    expect(await client.waitForFailure()).toMatch(/password/i)
    expect(client.challenges).toEqual([])
  })
})

it('takes the code behind the password from a client that knows nothing else', async () => {
  const { member, device } = accounts.oneField
  const password = `${member.password}${await codeOf(member)}`
  await using client = await world.startClient(host, { member, device }, { password })
  await expectConnected(client, 'tenant-a')
})

it.runIf(CLIENT.waitsForUsers)(
  'asks again for a wrong text while the client waits, and lets the right one in',
  async () => {
    const { member } = accounts.text
    let asked = 0
    const answer = (): Promise<string> => (asked++ === 0 ? Promise.resolve(wrongCode(member)) : codeOf(member))
    await using client = await world.startClient(host, accounts.text, { extraArgs: TEXT, answer })
    await expectConnected(client, 'tenant-a')
    expect(client.challenges.map(({ kind }) => kind)).toEqual(['text', 'text'])
    expect(client.promptCount).toBe(1)
  },
)

it.runIf(CLIENT.waitsForUsers)(
  'lets a waiting client in when its own user has approved it in the browser',
  async () => {
    const { web, stranger } = accounts
    await using client = await world.startClient(host, web, { extraArgs: WEB })
    const event = await client.waitForEvent(/^>INFOMSG:WEB_AUTH:/, 30_000)
    const [, url = ''] = /^>INFOMSG:WEB_AUTH:[^:]*:(.*)$/.exec(event) ?? []
    const [, state = ''] = /\/connect\/([\w-]+)$/.exec(url) ?? []
    const waiting = await fetch(new URL(`/api/v1/connect/${state}`, url))
    expect(await waiting.json()).toMatchObject({ tenant: { slug: 'web' }, username: 'web' })
    const approve = ({ client: { api } }: Member): Promise<unknown> => api.call('POST', `/connect/${state}/approve`)
    await signInWithCode(stranger.member)
    await expect(approve(stranger.member)).rejects.toThrow()
    expect(client.events.some((line) => line.includes('CONNECTED,SUCCESS'))).toBe(false)

    await signInWithCode(web.member)
    await approve(web.member)
    await expectConnected(client, 'web')
    expect(client.promptCount).toBe(1)
  },
)

/** A portal session that has passed the second factor. */
async function signInWithCode(member: Member): Promise<void> {
  const { username, password } = member
  await member.client.signIn({ tenant: 'web', username, password, otp: await codeOf(member) })
}
