import { fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, type TestTenant } from './auth-service-harness.ts'
import { fieldsOf, PolicyDesk, type RawAnswer, type RawCall, recordOf, type Rules } from './policy-desk.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'
const DEFAULTS = {
  mfa: 'required',
  methods: ['totp', 'passkey', 'recovery-code'],
  enrolmentGraceSeconds: 0,
  askAgain: { every: 'connection' },
  askOnNewDevice: false,
  askOnAddressChange: false,
  askOnCountryChange: false,
  timeZone: 'UTC',
  sessionSeconds: 43_200,
  sessionsEndAt: null,
  idleSeconds: null,
  tokenSeconds: 43_200,
  deviceLimit: null,
  connectionLimit: null,
  deviceCertificateDays: 730,
  deviceRenewalDays: 30,
}

let harness: AuthServiceHarness
let tenant: TestTenant
let desk: PolicyDesk
let rival: PolicyDesk
let administrator: RawCall

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  tenant = await harness.tenant('acme')
  desk = new PolicyDesk(tenant)
  rival = new PolicyDesk(await harness.tenant('rival'))
  administrator = await desk.caller(harness.publicUrl, 'second-admin', 'administrator')
})

afterAll(() => harness[Symbol.asyncDispose]())

/** A user without a session. */
async function member(username: string, of = desk): Promise<string> {
  return requiredText(await of.tenant.client.api.call('POST', '/users', { username }), 'userId')
}

const sourceOf = (effective: unknown, rule: string): unknown => fieldOf(fieldOf(effective, 'sources'), rule)
const ruleOf = (view: unknown, rule: string): unknown => fieldOf(fieldOf(view, 'policy'), rule)

it('gives a tenant that set nothing the defaults, as version 0', async () => {
  const view = await rival.read()
  expect(view).toMatchObject({ policy: DEFAULTS, version: 0, updatedAt: null })
})

it('keeps what is set, counts versions, and overwrites nobody’s change', async () => {
  const { version } = await desk.current()
  const given = { ...DEFAULTS, sessionSeconds: 36_000, tokenSeconds: 3600, sessionsEndAt: '04:00' }
  const set = await administrator('PUT', '/policy', { policy: given, version })
  expect(set).toMatchObject({ status: 200, body: { policy: given, version: Number(version) + 1 } })
  expect(await desk.read()).toEqual(set.body)
  const late = await administrator('PUT', '/policy', { policy: DEFAULTS, version })
  expect(late.status).toBe(409)
  expect(fieldOf(late.body, 'message')).toMatch(/again/i)
  expect(await desk.read()).toEqual(set.body)
})

it('lets one of two simultaneous changes of the same version win', async () => {
  const { rules, version } = await desk.current()
  const put = (hours: number): Promise<RawAnswer> =>
    administrator('PUT', '/policy', { policy: { ...rules, askAgain: { every: 'hours', hours } }, version })
  const answers = await Promise.all([put(1), put(2), put(3), put(4)])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409])
  const winner = answers.find(({ status }) => status === 200)
  expect(await desk.read()).toEqual(winner?.body)
  await desk.change({ askAgain: { every: 'connection' } })
})

const WRONG: readonly (readonly [rules: Rules, fields: string])[] = [
  [{ mfa: 'sometimes' }, 'mfa'],
  [{ methods: [] }, 'methods'],
  [{ methods: ['totp', 'totp'] }, 'methods'],
  [{ methods: ['sms'] }, 'methods.0'],
  [{ enrolmentGraceSeconds: -1 }, 'enrolmentGraceSeconds'],
  [{ enrolmentGraceSeconds: 1.5 }, 'enrolmentGraceSeconds'],
  [{ enrolmentGraceSeconds: 365 * 86_400 + 1 }, 'enrolmentGraceSeconds'],
  [{ askAgain: { every: 'hours', hours: 0 } }, 'askAgain.hours'],
  [{ askAgain: { every: 'hours', hours: 721 } }, 'askAgain.hours'],
  [{ askAgain: { every: 'day', untilLocalTime: '24:00' } }, 'askAgain.untilLocalTime'],
  [{ askAgain: { every: 'day', untilLocalTime: '4:00' } }, 'askAgain.untilLocalTime'],
  [{ askAgain: { every: 'fortnight' } }, 'askAgain.every'],
  [{ askOnNewDevice: 'yes' }, 'askOnNewDevice'],
  [{ askOnAddressChange: 1 }, 'askOnAddressChange'],
  [{ askOnCountryChange: null }, 'askOnCountryChange'],
  [{ timeZone: 'Europe/Atlantis' }, 'timeZone'],
  [{ sessionSeconds: 59, tokenSeconds: 60 }, 'sessionSeconds tokenSeconds'],
  [{ sessionSeconds: 30 * 86_400 + 1 }, 'sessionSeconds'],
  [{ sessionSeconds: '43200' }, 'sessionSeconds'],
  [{ sessionsEndAt: '04:60' }, 'sessionsEndAt'],
  [{ idleSeconds: 59 }, 'idleSeconds'],
  [{ tokenSeconds: 59 }, 'tokenSeconds'],
  [{ sessionSeconds: 3600, tokenSeconds: 3601 }, 'tokenSeconds'],
  [{ deviceLimit: 0 }, 'deviceLimit'],
  [{ deviceLimit: 1001 }, 'deviceLimit'],
  [{ connectionLimit: 0 }, 'connectionLimit'],
  [{ deviceCertificateDays: 0, deviceRenewalDays: 0 }, 'deviceCertificateDays'],
  [{ deviceCertificateDays: 3651 }, 'deviceCertificateDays'],
  [{ deviceCertificateDays: 10, deviceRenewalDays: 11 }, 'deviceRenewalDays'],
  [{ deviceRenewalDays: -1 }, 'deviceRenewalDays'],
  [{ requiredSince: '2026-01-01T00:00:00.000Z' }, 'requiredSince'],
  [{ requiredSinceMs: 1 }, 'requiredSinceMs'],
  [{ 'mfa ': 'off' }, 'mfa '],
]

it.each(WRONG)('names the field that is wrong in %j, for the tenant, a group and a dry run', async (rules, fields) => {
  const before = await desk.read()
  const userId = requiredText(fieldOf((await administrator('GET', '/me')).body, 'user'), 'userId')
  const policy = { ...DEFAULTS, ...rules }
  const version = fieldOf(before, 'version')
  const wrong = [400, fields.split(/ (?=\w)/).map((field) => `policy.${field}`)]
  const ofTenant = await administrator('PUT', '/policy', { policy, version })
  expect([ofTenant.status, fieldsOf(ofTenant)]).toEqual(wrong)
  const ofGroup = await administrator('PUT', `/groups/${tenant.passwordOnly}/policy`, { policy: rules })
  expect([ofGroup.status, fieldsOf(ofGroup)]).toEqual(wrong)
  const ofDryRun = await administrator('POST', '/policy/dry-run', { userId, policy })
  expect([ofDryRun.status, fieldsOf(ofDryRun)]).toEqual(wrong)
  expect(await desk.read()).toEqual(before)
})

it('names every rule that is missing from a policy, and takes none without a version', async () => {
  const { version } = await desk.current()
  const empty = await administrator('PUT', '/policy', { policy: {}, version })
  expect(fieldsOf(empty)).toEqual(
    Object.keys(DEFAULTS)
      .map((rule) => `policy.${rule}`)
      .toSorted(),
  )
  expect(fieldsOf(await administrator('PUT', '/policy', { policy: DEFAULTS }))).toEqual(['version'])
  for (const wrong of [-1, 0.5, '0', null])
    expect(fieldsOf(await administrator('PUT', '/policy', { policy: DEFAULTS, version: wrong }))).toEqual(['version'])
})

it('is read by auditors and changed by administrators only', async () => {
  const auditor = await desk.caller(harness.publicUrl, 'auditor', 'auditor')
  const user = await desk.caller(harness.publicUrl, 'ordinary', 'user')
  const { rules, version } = await desk.current()
  const userId = requiredText(fieldOf((await user('GET', '/me')).body, 'user'), 'userId')
  const reads: readonly (readonly [string, string, unknown?])[] = [
    ['GET', '/policy'],
    ['GET', `/policy/effective?userId=${userId}`],
    ['POST', '/policy/dry-run', { userId }],
  ]
  for (const [method, path, body] of reads) {
    expect((await auditor(method, path, body)).status, path).toBeLessThan(300)
    expect((await user(method, path, body)).status, path).toBe(403)
  }
  const writes: readonly (readonly [string, string, unknown])[] = [
    ['PUT', '/policy', { policy: { ...rules, mfa: 'off' }, version }],
    ['PUT', `/groups/${tenant.passwordOnly}/policy`, { policy: {} }],
  ]
  for (const [method, path, body] of writes) {
    expect((await auditor(method, path, body)).status, path).toBe(403)
    expect((await user(method, path, body)).status, path).toBe(403)
  }
  expect(await desk.current()).toEqual({ rules, version })
})

it('notes who changed which rules of whom', async () => {
  const groupId = await desk.group({})
  await desk.change({ idleSeconds: 1234 })
  await desk.changeGroup(groupId, { sessionSeconds: 4321, tokenSeconds: 4321 })
  const page = await tenant.client.api.call('GET', '/audit?limit=2')
  const me = requiredText(fieldOf(await tenant.client.api.call('GET', '/me'), 'user'), 'userId')
  expect(page).toMatchObject({
    items: [
      {
        actor: `user:${me}`,
        outcome: 'ok',
        target: `group:${groupId}`,
        details: { changed: { sessionSeconds: { to: 4321 }, tokenSeconds: { to: 4321 } } },
      },
      { actor: `user:${me}`, outcome: 'ok', details: { changed: { idleSeconds: { from: null, to: 1234 } } } },
    ],
  })
  expect(JSON.stringify(page)).not.toContain('deviceLimit')
})

it('notes since when a second factor is required, and no anew while it stays so', async () => {
  await rival.change({ mfa: 'optional' })
  expect(ruleOf(await rival.read(), 'requiredSince')).toBeNull()
  const before = Date.now() - 1000
  await rival.change({ mfa: 'required' })
  const since = ruleOf(await rival.read(), 'requiredSince')
  expect(Date.parse(String(since))).toBeGreaterThan(before)
  await rival.change({ deviceLimit: 7 })
  expect(ruleOf(await rival.read(), 'requiredSince')).toBe(since)
})

it('lets the first group of a user that states a rule decide it, and says who did', async () => {
  const alice = await member('alice')
  await desk.change({ idleSeconds: null, deviceLimit: 5 })
  const first = await desk.group({ deviceLimit: 1, idleSeconds: 600 }, alice)
  const second = await desk.group({ deviceLimit: 2, connectionLimit: 3 }, alice)
  const both = await desk.effective(alice)
  expect(both).toMatchObject({ userId: alice, policy: { deviceLimit: 1, idleSeconds: 600, connectionLimit: 3 } })
  expect(sourceOf(both, 'deviceLimit')).toMatchObject({ groupId: first })
  expect(sourceOf(both, 'connectionLimit')).toMatchObject({ groupId: second })
  expect(sourceOf(both, 'mfa')).toBe('tenant')
  const rulesOf = (part: string): string[] => Object.keys(recordOf(fieldOf(both, part))).toSorted()
  expect(rulesOf('sources')).toEqual(rulesOf('policy'))

  await desk.order(second)
  const turned = await desk.effective(alice)
  expect(turned).toMatchObject({ policy: { deviceLimit: 2, idleSeconds: 600, connectionLimit: 3 } })
  expect(sourceOf(turned, 'deviceLimit')).toMatchObject({ groupId: second })

  await desk.remove(second, alice)
  expect(await desk.effective(alice)).toMatchObject({ policy: { deviceLimit: 1, connectionLimit: null } })
  await desk.changeGroup(first, {})
  expect(await desk.effective(alice)).toMatchObject({ policy: { deviceLimit: 5, idleSeconds: null } })
})

it('shows of a group what was set, so that it can be given back', async () => {
  const rules = { mfa: 'required', enrolmentGraceSeconds: 60, idleSeconds: null }
  const groupId = await desk.group(rules)
  const shown = fieldOf(await tenant.client.api.call('GET', `/groups/${groupId}`), 'policy')
  expect(shown).toEqual(rules)
  const again = await administrator('PUT', `/groups/${groupId}/policy`, { policy: shown })
  expect(again).toMatchObject({ status: 200, body: { groupId, policy: rules } })
})

it('takes a group’s null for what it says, not for silence', async () => {
  const bob = await member('bob')
  await desk.change({ deviceLimit: 5, sessionsEndAt: '04:00' })
  await desk.group({ deviceLimit: null, sessionsEndAt: null }, bob)
  expect(await desk.effective(bob)).toMatchObject({ policy: { deviceLimit: null, sessionsEndAt: null } })
})

it('knows nobody and nothing of another tenant, and says the same as of what does not exist', async () => {
  const stranger = await member('stranger', rival)
  const theirGroup = await rival.group({ mfa: 'off' }, stranger)
  const own = await member('carol')
  const calls = (userId: string, groupId: string): readonly (readonly [string, string, unknown?])[] => [
    ['GET', `/policy/effective?userId=${userId}`],
    ['POST', '/policy/dry-run', { userId }],
    ['POST', '/policy/dry-run', { userId: own, groupPolicies: [{ groupId, policy: {} }] }],
    ['POST', '/policy/dry-run', { userId: own, attempt: { deviceId: groupId } }],
    ['PUT', `/groups/${groupId}/policy`, { policy: { mfa: 'off' } }],
  ]
  const unknown = calls(NOBODY, NOBODY)
  for (const [index, [method, path, body]] of calls(stranger, theirGroup).entries()) {
    const [otherMethod, otherPath, otherBody] = unknown[index] ?? ['', '']
    const theirs = await administrator(method, path, body)
    const none = await administrator(otherMethod, otherPath, otherBody)
    expect(theirs.status, path).toBe(404)
    expect([theirs.status, theirs.body], path).toEqual([none.status, none.body])
  }
})
