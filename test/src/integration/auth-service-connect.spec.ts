import type { AuthoriseResponse } from '@sallyport/contracts'
import { EnrolmentClient } from '@sallyport/local-services'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { listen } from './order-listener.ts'

let harness: AuthServiceHarness
let replica: Replica
let node: NodeClient
/** The same node, connected to the other instance. */
let twin: NodeClient
/** Another node. */
let other: NodeClient
let tenant: TestTenant
let redis: Redis

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  const identity = await harness.enrol('vpn-node', 'node-1')
  node = NodeClient.at(harness.nodeApiUrl, identity)
  twin = NodeClient.at(replica.nodeApiUrl, identity)
  other = await replica.node('node-2')
  tenant = await webTenant('acme')
  redis = new Redis(harness.redis.url)
})

afterAll(async () => {
  redis.disconnect()
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

async function webTenant(slug: string): Promise<TestTenant> {
  const made = await harness.tenant(slug)
  await harness.operator.call('PATCH', `/platform/tenants/${made.tenantId}`, { settings: { webSignIn: true } })
  return made
}

async function person(username: string, of = tenant) {
  const user = await harness.user(of, username, { totp: true })
  const codes = await enrolTotp(user)
  const device = await enrolDevice(user, 'Laptop & Dock')
  const begin = async (): Promise<Extract<AuthoriseResponse, { decision: 'challenge' }>> => {
    const credential = { kind: 'password' as const, password: PASSWORD }
    const dialogues: ('text' | 'web')[] = ['text', 'web']
    const answer = await node.authorise(authoriseRequestOf(user, device, credential, { dialogues }))
    if (answer.decision !== 'challenge') throw new Error(JSON.stringify(answer))
    return answer
  }
  const goOn = (state: string, at = node): Promise<AuthoriseResponse> =>
    at.authorise(authoriseRequestOf(user, device, { kind: 'challenge-response', state, response: '' }))
  /** Signs in at the portal with a code. */
  const signedIn = async (): Promise<EnrolmentClient> => {
    const client = new EnrolmentClient(harness.publicUrl)
    await client.signIn({ tenant: of.slug, username, password: PASSWORD, otp: codes.next() })
    return client
  }
  return { user, codes, device, begin, goOn, signedIn }
}

/** A browser: keeps the cookie and follows no redirect by itself. */
class Browser {
  #cookie = ''
  readonly #origin: string

  constructor(origin = harness.publicUrl) {
    this.#origin = origin
  }

  get(path: string): Promise<Response> {
    return this.#send(path, {})
  }

  submit(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: this.#origin } })
  }

  async #send(path: string, request: { method?: string; body?: URLSearchParams; headers?: Record<string, string> }) {
    const headers = { ...request.headers, cookie: this.#cookie }
    const response = await fetch(harness.publicUrl + path, { ...request, headers, redirect: 'manual' })
    this.#cookie = response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? this.#cookie
    return response
  }
}

it('asks in the browser where the tenant wants it, and only clients that can open one', async () => {
  const { user, device, begin } = await person('alice')
  const { method, url, state, prompt } = await begin()
  expect({ method, url }).toEqual({ method: 'web', url: `${harness.publicUrl}/connect/${state}` })
  expect(prompt).toMatch(/^[ -+\--~]+$/)
  const credential = { kind: 'password' as const, password: PASSWORD }
  const text = await node.authorise(authoriseRequestOf(user, device, credential, { dialogues: ['text'] }))
  expect(text).toMatchObject({ decision: 'challenge', method: 'code' })
  expect(device.profile).not.toContain('static-challenge')
})

it('lets the user sign in, confirm and go on, on whatever instance', async () => {
  const { codes, begin, goOn } = await person('bob')
  const { state } = await begin()
  const path = `/connect/${state}`
  expect(await goOn(state)).toMatchObject({ decision: 'challenge', state, method: 'web' })

  const browser = new Browser()
  const first = await browser.get(path)
  expect(first.status).toBe(200)
  const form = await first.text()
  expect(form).toContain(`action="${path}/sign-in"`)
  expect(form).toContain('Laptop &#38; Dock')
  expect(form).toContain('203.0.113.9')
  const refused = await browser.submit(`${path}/sign-in`, { username: 'bob', password: 'not it', otp: codes.wrong() })
  expect(refused.status).toBe(401)
  expect(await refused.text()).toContain('role="alert"')
  const signedIn = await browser.submit(`${path}/sign-in`, { username: 'bob', password: PASSWORD, otp: codes.next() })
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, path])
  expect(await (await browser.get(path)).text()).toContain(`action="${path}/approve"`)

  await using orders = await listen(twin.api)
  const approved = await browser.submit(`${path}/approve`)
  expect([approved.status, await approved.text()]).toEqual([200, expect.stringContaining('Your connection goes on')])
  expect(await orders.next()).toEqual({ type: 'challenge-answered', state })
  expect(await goOn(state, twin)).toMatchObject({ decision: 'allow' })
  expect(await goOn(state)).toMatchObject({ decision: 'deny', code: 'challenge-expired' })
  const used = await browser.get(path)
  expect([used.status, await used.text()]).toEqual([410, expect.stringContaining('expired or was used')])
})

it('lets one connection go on for one approval, whoever asks at the same moment', async () => {
  const { begin, goOn, signedIn } = await person('heidi')
  const { state } = await begin()
  await (await signedIn()).api.call('POST', `/connect/${state}/approve`)
  // All of them stand at the door before the first is let in.
  await redis.client('PAUSE', 1000, 'WRITE')
  const answers = await Promise.all([node, twin, node, twin, node, twin].map((at) => goOn(state, at)))
  expect(answers.filter(({ decision }) => decision === 'allow')).toHaveLength(1)
})

it('tells the node whose client waits, and no other, and takes the answer from no other', async () => {
  const { begin, goOn, signedIn } = await person('ivan')
  const { state } = await begin()
  await using orders = await listen(node.api)
  await using strangers = await listen(other.api)
  await (await signedIn()).api.call('POST', `/connect/${state}/approve`)
  expect(await orders.next()).toEqual({ type: 'challenge-answered', state })
  await expect(strangers.next()).rejects.toThrow('no order came in time')
  expect(await goOn(state, other)).toMatchObject({ decision: 'deny', code: 'challenge-expired' })
  expect(await goOn(state)).toMatchObject({ decision: 'allow' })
})

it('lets a user in who follows the link while somebody tries passwords for the account', async () => {
  const { user, device, begin, goOn, signedIn } = await person('judy')
  const { state } = await begin()
  const guess = (password: string): Promise<string> =>
    node.decision(authoriseRequestOf(user, device, { kind: 'password', password }))
  for (let round = 0; round < 8; round += 1) await guess(`guess ${String(round)}`)
  expect(await guess('one more')).toBe('too-many-attempts')
  expect(await goOn(state)).toMatchObject({ decision: 'challenge', state })
  await (await signedIn()).api.call('POST', `/connect/${state}/approve`)
  expect(await goOn(state)).toMatchObject({ decision: 'allow' })
  expect(await guess('one more')).toBe('wrong-password')
})

it('serves pages that run nothing, load nothing and leak nothing', async () => {
  const { begin } = await person('carol')
  const { state } = await begin()
  for (const path of [`/connect/${state}`, '/connect/never-made', '/connect/%3Cscript%3E']) {
    const page = await fetch(harness.publicUrl + path)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/)
    expect(page.headers.get('referrer-policy')).toBe('same-origin')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await page.text()).not.toMatch(/<script/i)
  }
})

it('takes nothing from a page of another origin', async () => {
  const { codes, begin, goOn } = await person('dave')
  const { state } = await begin()
  const stranger = new Browser('https://evil.example')
  const fields = { username: 'dave', password: PASSWORD, otp: codes.next() }
  const signIn = await stranger.submit(`/connect/${state}/sign-in`, fields)
  expect([signIn.status, signIn.headers.getSetCookie()]).toEqual([403, []])
  expect((await stranger.submit(`/connect/${state}/approve`)).status).toBe(403)
  const headers = { origin: 'null', 'sec-fetch-site': 'cross-site' }
  const approve = fetch(`${harness.publicUrl}/connect/${state}/approve`, { method: 'POST', headers })
  expect((await approve).status).toBe(403)
  expect(await goOn(state)).toMatchObject({ decision: 'challenge' })
})

it('lets nobody approve but the user of the device, and only after a code', async () => {
  const { begin, goOn, user, signedIn } = await person('erin')
  const colleague = await (await person('frank')).signedIn()
  const rival = await (await person('erin', await webTenant('rival'))).signedIn()
  const { state } = await begin()
  const approve = (client: EnrolmentClient): Promise<unknown> => client.api.call('POST', `/connect/${state}/approve`)
  await expect(approve(colleague)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(rival)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(tenant.client)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(new EnrolmentClient(harness.publicUrl))).rejects.toMatchObject({ status: 401 })
  const membership = `/groups/${tenant.passwordOnly}/members/${user.userId}`
  await tenant.client.api.call('PUT', membership)
  const passwordOnly = new EnrolmentClient(harness.publicUrl)
  await passwordOnly.signIn({ tenant: tenant.slug, username: 'erin', password: PASSWORD })
  await expect(approve(passwordOnly)).rejects.toMatchObject({ status: 403, code: 'otp-required' })
  await tenant.client.api.call('DELETE', membership)
  await expect(approve(passwordOnly)).rejects.toMatchObject({ status: 401 })
  expect(await goOn(state)).toMatchObject({ decision: 'challenge' })

  const own = await signedIn()
  await approve(own)
  expect(await goOn(state)).toMatchObject({ decision: 'allow' })
  await expect(approve(own)).rejects.toMatchObject({ status: 410, code: 'challenge-expired' })
})

it('does not take a code where the browser was asked, nor a click where a code was', async () => {
  const { codes, device, user, begin, goOn, signedIn } = await person('grace')
  const { state } = await begin()
  const client = await signedIn()
  const request = { kind: 'challenge-response' as const, state, response: codes.next() }
  expect(await node.decision(authoriseRequestOf(user, device, request))).toBe('challenge')
  const credential = { kind: 'password' as const, password: PASSWORD }
  const text = await node.authorise(authoriseRequestOf(user, device, credential, { dialogues: ['text'] }))
  const codeState = text.decision === 'challenge' ? text.state : ''
  await expect(client.api.call('POST', `/connect/${codeState}/approve`)).rejects.toMatchObject({ status: 410 })
  expect(await goOn(codeState)).toMatchObject({ decision: 'deny', code: 'wrong-otp' })
})
