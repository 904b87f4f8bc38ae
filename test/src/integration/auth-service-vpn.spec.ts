import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  type NodeClient,
  PASSWORD,
  type TestDevice,
  type TestTenant,
  type TestUser,
} from './auth-service-harness.ts'

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
let user: TestUser
let device: TestDevice

const password = (text = PASSWORD, response?: string) => ({
  kind: 'password' as const,
  password: text,
  ...(response === undefined ? {} : { response }),
})

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
  user = await harness.user(tenant, 'alice', { totp: false })
  device = await enrolDevice(user, 'Laptop')
})

afterAll(() => harness[Symbol.asyncDispose]())

it('denies a device that does not exist, of a tenant that does not exist', async () => {
  const nobody = '00000000-0000-4000-8000-000000000000'
  expect(await node.decision(authoriseRequestOf(user, { ...device, deviceId: nobody }, password()))).toBe(
    'unknown-device',
  )
  expect(await node.decision(authoriseRequestOf(user, device, password(), { tenantId: nobody }))).toBe('unknown-device')
})

it("denies another tenant's device under this tenant's id", async () => {
  const other = await harness.tenant('rival')
  const stranger = await harness.user(other, 'mallory', { totp: false })
  const theirs = await enrolDevice(stranger, 'Laptop')
  const crossed = authoriseRequestOf(stranger, theirs, password(), { tenantId: tenant.tenantId })
  expect(await node.decision(crossed)).toBe('unknown-device')
  const certificateOfOther = authoriseRequestOf(user, device, password(), { certificate: theirs.certificate })
  expect(await node.decision(certificateOfOther)).toBe('certificate-mismatch')
})

it('denies a wrong password and another user name with the same words', async () => {
  const wrong = await node.authorise(authoriseRequestOf(user, device, password('not it')))
  const other = await node.authorise(authoriseRequestOf(user, device, password(), { username: 'admin' }))
  expect(wrong).toMatchObject({ decision: 'deny', code: 'wrong-password' })
  expect(other).toEqual(wrong)
})

it('allows with the network, and renews the token on renegotiation without lengthening the session', async () => {
  const answer = await node.authorise(authoriseRequestOf(user, device, password(), { username: 'ALICE' }))
  if (answer.decision !== 'allow') throw new Error(answer.decision)
  const { grant } = answer
  expect(grant.network).toMatchObject({ name: 'main', ipv4: '10.8.0.0/24', routes: ['10.20.0.0/16'] })
  expect(grant.sessionToken.length).toBeLessThanOrEqual(127)

  const token = { kind: 'session-token' as const, token: grant.sessionToken }
  const again = await node.authorise(
    authoriseRequestOf(user, device, token, { phase: 'renegotiation', connectionId: grant.connectionId }),
  )
  if (again.decision !== 'allow') throw new Error(again.decision)
  expect(again.grant.connectionId).toBe(grant.connectionId)
  expect(again.grant.sessionEndsAt).toBe(grant.sessionEndsAt)

  const reconnected = await node.authorise(authoriseRequestOf(user, device, token))
  expect(reconnected.decision === 'allow' && reconnected.grant.connectionId).not.toBe(grant.connectionId)
})

it('denies a token of another device and a token that was changed', async () => {
  const second = await enrolDevice(user, 'Phone')
  const answer = await node.authorise(authoriseRequestOf(user, device, password()))
  const token = answer.decision === 'allow' ? answer.grant.sessionToken : ''
  expect(await node.decision(authoriseRequestOf(user, second, { kind: 'session-token', token }))).toBe('token-invalid')
  const flipped = token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  expect(await node.decision(authoriseRequestOf(user, device, { kind: 'session-token', token: flipped }))).toBe(
    'token-invalid',
  )
})

it('denies the renegotiation of a connection that ended, and lets its token connect anew', async () => {
  const answer = await node.authorise(authoriseRequestOf(user, device, password()))
  if (answer.decision !== 'allow') throw new Error(answer.decision)
  const { connectionId, sessionToken: token } = answer.grant
  await node.api.call({
    method: 'POST',
    path: '/node-api/v1/connections/reports',
    body: {
      reports: [
        { type: 'ended', connectionId, reason: 'explicit-exit', receivedBytes: '12', sentBytes: '18446744073' },
      ],
    },
    response: { safeParse: () => ({ success: true, data: undefined }) },
  })
  const credential = { kind: 'session-token' as const, token }
  const gone = authoriseRequestOf(user, device, credential, { phase: 'renegotiation', connectionId })
  expect(await node.decision(gone)).toBe('token-invalid')
  expect(await node.decision(authoriseRequestOf(user, device, credential))).toBe('allow')
})

it('takes each code once, needs one, and does not lock out a client that repeats a used one', async () => {
  const careful = await harness.user(tenant, 'bob', { totp: true })
  const codes = await enrolTotp(careful)
  const laptop = await enrolDevice(careful, 'Laptop')
  expect(laptop.profile).toContain('static-challenge "One-time code" 1\n')
  const decide = (response?: string) => node.decision(authoriseRequestOf(careful, laptop, password(PASSWORD, response)))
  expect(await decide()).toBe('otp-required')
  expect(await decide(codes.wrong())).toBe('wrong-otp')
  const code = codes.next()
  expect(await decide(code)).toBe('allow')
  for (let attempt = 0; attempt < 12; attempt += 1) expect(await decide(code)).toBe('otp-reused')
  expect(await decide(codes.next())).toBe('allow')
})

it('lets only one of two simultaneous logins have a code', async () => {
  const careful = await harness.user(tenant, 'carol', { totp: true })
  const codes = await enrolTotp(careful)
  const laptop = await enrolDevice(careful, 'Laptop')
  const request = authoriseRequestOf(careful, laptop, password(PASSWORD, codes.next()))
  const decisions = await Promise.all([node.decision(request), node.decision(request), node.decision(request)])
  expect(decisions.toSorted()).toEqual(['allow', 'otp-reused', 'otp-reused'])
})

it('limits wrong passwords, but counts the same wrong one once', async () => {
  const victim = await harness.user(tenant, 'dave', { totp: false })
  const laptop = await enrolDevice(victim, 'Laptop')
  const remote = { transport: 'udp' as const, address: '203.0.113.77', port: 1 }
  const decide = (text: string) => node.decision(authoriseRequestOf(victim, laptop, password(text), { remote }))
  for (let attempt = 0; attempt < 12; attempt += 1) expect(await decide('the same')).toBe('wrong-password')
  expect(await decide(PASSWORD)).toBe('allow')
  const guesses: string[] = []
  for (let guess = 0; guess < 12; guess += 1) guesses.push(await decide(`guess ${String(guess)}`))
  // The first waits are over within seconds; a busy machine lets one or two more be checked.
  expect(guesses.filter((code) => code === 'wrong-password').length).toBeLessThan(8)
  expect(guesses).toContain('too-many-attempts')
})

it('denies a one-time password, a user without second factor, a disabled user, a revoked device, a suspended tenant', async () => {
  const newcomer = await harness.user(tenant, 'erin', { totp: false })
  const laptop = await enrolDevice(newcomer, 'Laptop')
  const decide = (text = PASSWORD) => node.decision(authoriseRequestOf(newcomer, laptop, password(text)))
  const { api } = tenant.client
  const groups = (await api.call('GET', '/groups')) as { items: { groupId: string }[] }
  await api.call('DELETE', `/groups/${groups.items[0]?.groupId ?? ''}/members/${newcomer.userId}`)
  expect(await decide()).toBe('otp-not-enrolled')
  const reset = await api.call('POST', `/users/${newcomer.userId}/reset-password`)
  const oneTimePassword = (reset as { oneTimePassword: string }).oneTimePassword
  expect(await decide(oneTimePassword)).toBe('password-change-required')
  await api.call('PATCH', `/users/${newcomer.userId}`, { disabled: true })
  expect(await decide(oneTimePassword)).toBe('user-disabled')
  await api.call('DELETE', `/devices/${laptop.deviceId}`)
  expect(await decide(oneTimePassword)).toBe('device-revoked')
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { suspended: true })
  expect(await decide(oneTimePassword)).toBe('tenant-suspended')
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { suspended: false })
})

it('counts and audits every decision', async () => {
  const metrics = await harness.metrics()
  expect(metrics).toMatch(/sallyport_vpn_authorisations_total\{reason="otp-reused"\} 1[2-9]/)
  expect(metrics).toMatch(/sallyport_vpn_authorisations_total\{reason="allow"\} [1-9]/)
})
