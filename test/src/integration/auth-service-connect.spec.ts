import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { AuthoriseResponse } from '@sallyport/contracts'
import { ApiClient, EnrolmentClient, fieldOf } from '@sallyport/local-services'
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
import { listItems } from './list-items.ts'
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
/** A portal that is one page. */
let portal: string

const PAGE = '<!doctype html><title>Portal</title>'

beforeAll(async () => {
  portal = await mkdtemp(join(tmpdir(), 'sallyport-portal-'))
  await writeFile(join(portal, 'index.html'), PAGE)
  harness = await AuthServiceHarness.start({ AUTH_PORTAL_DIRECTORY: portal })
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
  await rm(portal, { recursive: true })
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

/** What anybody sees who has the link. */
const linkOf = (state: string, at = harness.publicUrl): Promise<unknown> =>
  new ApiClient(at).call('GET', `/connect/${state}`)
const approve = ({ api }: EnrolmentClient, state: string): Promise<unknown> =>
  api.call('POST', `/connect/${state}/approve`)
const decline = ({ api }: EnrolmentClient, state: string): Promise<unknown> =>
  api.call('POST', `/connect/${state}/decline`)

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

it('tells who has the link what waits, and lets the user sign in, confirm and go on, on whatever instance', async () => {
  const { begin, goOn, signedIn } = await person('bob')
  const { state } = await begin()
  expect(await goOn(state)).toMatchObject({ decision: 'challenge', state, method: 'web' })
  for (const at of [harness.publicUrl, replica.publicUrl]) {
    const waiting = await linkOf(state, at)
    const seconds = Number(fieldOf(waiting, 'expiresInSeconds'))
    expect(seconds).toBeGreaterThan(280)
    expect(seconds).toBeLessThanOrEqual(300)
    expect(waiting).toMatchObject({
      tenant: { slug: 'acme', name: 'Tenant acme' },
      branding: { logoUrl: null },
      username: 'bob',
      deviceName: 'Laptop & Dock',
      remoteAddress: '203.0.113.9',
    })
  }
  const browser = await signedIn()
  await using orders = await listen(twin.api)
  await approve(browser, state)
  expect(await orders.next()).toEqual({ type: 'challenge-answered', state })
  expect(await goOn(state, twin)).toMatchObject({ decision: 'allow' })
  expect(await goOn(state)).toMatchObject({ decision: 'deny', code: 'challenge-expired' })
  for (const used of [state, 'never-made', '%3Cscript%3E'])
    await expect(linkOf(used)).rejects.toMatchObject({ status: 410, code: 'challenge-expired' })
})

it('lets one connection go on for one approval, whoever asks at the same moment', async () => {
  const { begin, goOn, signedIn } = await person('heidi')
  const { state } = await begin()
  await approve(await signedIn(), state)
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
  await approve(await signedIn(), state)
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
  await approve(await signedIn(), state)
  expect(await goOn(state)).toMatchObject({ decision: 'allow' })
  expect(await guess('one more')).toBe('wrong-password')
})

it('shows the page of the portal behind a link, with headers that let it do nothing else', async () => {
  const { begin } = await person('carol')
  const { state } = await begin()
  const headers = { accept: 'text/html' }
  for (const path of [`/connect/${state}`, '/link/abc.def', '/']) {
    const page = await fetch(harness.publicUrl + path, { headers })
    expect([page.status, await page.text()]).toEqual([200, PAGE])
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-cache')
  }
  for (const path of ['/api/v1/nothing', '/api/v1/me', '/crl/x', '/assets/x.js']) {
    const answer = await fetch(harness.publicUrl + path, { headers })
    expect([answer.status, answer.headers.get('content-type')], path).toEqual([
      path === '/api/v1/me' ? 401 : 404,
      expect.stringMatching(/^application\/problem\+json/),
    ])
    expect(answer.headers.get('content-security-policy'), path).toMatch(/^default-src 'none';/)
  }
  expect((await fetch(`${harness.publicUrl}/api/v1/sign-in`, { headers })).status).toBe(405)
  const docs = await fetch(`${harness.publicUrl}/api/docs`, { headers })
  expect(docs.headers.get('content-security-policy')).toContain("script-src 'self'")
})

it('takes nothing from a page of another origin', async () => {
  const { begin, goOn, signedIn } = await person('dave')
  const { state } = await begin()
  await signedIn()
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null', 'sec-fetch-site': 'cross-site' }]) {
    const answer = await fetch(`${harness.publicUrl}/api/v1/connect/${state}/approve`, { method: 'POST', headers })
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('foreign-origin')])
  }
  expect(await goOn(state)).toMatchObject({ decision: 'challenge' })
})

it('lets nobody approve but the user of the device, and only after a code', async () => {
  const { begin, goOn, user, signedIn } = await person('erin')
  const colleague = await (await person('frank')).signedIn()
  const rival = await (await person('erin', await webTenant('rival'))).signedIn()
  const { state } = await begin()
  await expect(approve(colleague, state)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(rival, state)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(tenant.client, state)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(approve(new EnrolmentClient(harness.publicUrl), state)).rejects.toMatchObject({ status: 401 })
  const membership = `/groups/${tenant.passwordOnly}/members/${user.userId}`
  await tenant.client.api.call('PUT', membership)
  const passwordOnly = new EnrolmentClient(harness.publicUrl)
  await passwordOnly.signIn({ tenant: tenant.slug, username: 'erin', password: PASSWORD })
  await expect(approve(passwordOnly, state)).rejects.toMatchObject({ status: 403, code: 'factor-required' })
  await tenant.client.api.call('DELETE', membership)
  await expect(approve(passwordOnly, state)).rejects.toMatchObject({ status: 401 })
  expect(await goOn(state)).toMatchObject({ decision: 'challenge' })

  const long = await signedIn()
  for (const key of await redis.keys('*:session:*')) {
    const kept = (await redis.get(key)) ?? ''
    const older = (_: string, at: string): string => `"atMs":${String(Number(at) - 301_000)}`
    if (kept.includes(user.userId)) await redis.set(key, kept.replace(/"atMs":(\d+)/, older), 'KEEPTTL')
  }
  await expect(approve(long, state)).rejects.toMatchObject({ status: 403, code: 'factor-required' })

  const own = await signedIn()
  await approve(own, state)
  expect(await goOn(state)).toMatchObject({ decision: 'allow' })
  await expect(approve(own, state)).rejects.toMatchObject({ status: 410, code: 'challenge-expired' })
})

it('turns a connection away that its user declines, tells the client why, and lets nobody else do so', async () => {
  const { user, device, begin, goOn, signedIn } = await person('mallet')
  const colleague = await (await person('niaj')).signedIn()
  const { state } = await begin()
  await expect(decline(colleague, state)).rejects.toMatchObject({ status: 403, code: 'other-user' })
  await expect(decline(new EnrolmentClient(harness.publicUrl), state)).rejects.toMatchObject({ status: 401 })
  expect(await goOn(state)).toMatchObject({ decision: 'challenge' })

  const own = await signedIn()
  // What was approved already, but whose client has not gone on, can still be turned away.
  await approve(own, state)
  await using orders = await listen(node.api)
  await decline(own, state)
  expect(await orders.next()).toEqual({ type: 'challenge-answered', state })
  for (const look of [() => approve(own, state), () => decline(own, state), () => linkOf(state)])
    await expect(look()).rejects.toMatchObject({ status: 410, code: 'challenge-expired' })
  const refused = { decision: 'deny', code: 'challenge-expired' }
  expect(await goOn(state, other)).toEqual({ ...refused, message: expect.stringMatching(/expired/) as string })
  expect(await goOn(state, twin)).toEqual({
    ...refused,
    message: expect.stringMatching(/declined in the browser/) as string,
  })
  expect(await goOn(state)).toEqual({ ...refused, message: expect.stringMatching(/expired/) as string })

  const attempts = await listItems(own.api, '/me/attempts')
  const told = attempts.find(({ outcome }) => outcome === 'declined')
  expect(told).toMatchObject({ kind: 'connection', result: 'refused', device: { deviceId: device.deviceId } })
  const [line] = await listItems(tenant.client.api, '/audit?action=connection.decline')
  expect(line).toMatchObject({ actor: `user:${user.userId}`, target: `device:${device.deviceId}`, outcome: 'ok' })
})

it('lets one of two answers that come at the same moment count', async () => {
  const { begin, goOn, signedIn } = await person('olivia')
  const browser = await signedIn()
  const { state } = await begin()
  await approve(browser, state)
  const declined = decline(browser, state).then(
    () => true,
    () => false,
  )
  const [isDeclined, { decision }] = await Promise.all([declined, goOn(state)])
  expect(decision).toBe(isDeclined ? 'deny' : 'allow')
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
  await expect(linkOf(codeState)).rejects.toMatchObject({ status: 410 })
  await expect(approve(client, codeState)).rejects.toMatchObject({ status: 410 })
  expect(await goOn(codeState)).toMatchObject({ decision: 'deny', code: 'wrong-otp' })
})
