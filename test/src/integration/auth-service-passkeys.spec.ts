import { ApiClient } from '@sallyport/local-services'
import { type Misuse, SoftwareAuthenticator } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  PASSWORD,
  type TestTenant,
  type TestUser,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import {
  addPasskey,
  answerSignIn,
  beginSignIn,
  creationOptions,
  factorsOf,
  makeRecoveryCodes,
} from './portal-sign-in.ts'

let harness: AuthServiceHarness
let replica: Replica
let tenant: TestTenant
let rival: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  tenant = await harness.tenant('acme')
  rival = await harness.tenant('rival')
})

afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

const authenticator = (kind: { counts?: boolean; userVerified?: boolean } = {}): SoftwareAuthenticator =>
  new SoftwareAuthenticator(harness.publicUrl, kind)
const person = (username: string, of = tenant): Promise<TestUser> => harness.user(of, username, { totp: true })
const begin = (user: TestUser): ReturnType<typeof beginSignIn> => beginSignIn(user, harness.publicUrl)

function answer(challenge: string, assertion: object, url = harness.publicUrl): Promise<string> {
  return answerSignIn({ challenge, method: 'passkey', assertion }, new ApiClient(url))
}

it('enrols a passkey as the first factor, and finishes with it on another instance what one began', async () => {
  const user = await person('alice')
  const passkey = await addPasskey(user, authenticator())
  expect(await user.client.api.call('GET', '/devices')).toMatchObject({ items: [] })
  const { challenge, methods, passkeyOptions } = await begin(user)
  expect(methods).toEqual(['passkey'])
  expect(passkeyOptions).toMatchObject({
    challenge,
    allowCredentials: [{ id: passkey.credentialId.toString('base64url') }],
  })
  const assertion = passkey.get({ challenge })
  const browser = new ApiClient(replica.publicUrl)
  expect(await answerSignIn({ challenge, method: 'passkey', assertion }, browser)).toBe('signed-in')
  expect(await browser.call('GET', '/me')).toMatchObject({ factors: { enrolled: ['passkey'] } })
  const { passkeys } = await factorsOf(user)
  expect(passkeys).toMatchObject([{ name: 'Laptop' }])
  expect(Date.now() - Date.parse(passkeys[0]?.lastUsedAt ?? '')).toBeLessThan(60_000)
  expect(await answer(challenge, assertion)).toBe('challenge-expired')
})

it('takes a passkey whose user was not verified, for the password is there, and one that does not count', async () => {
  const user = await person('bob')
  const passkey = await addPasskey(user, authenticator({ counts: false, userVerified: false }))
  for (let round = 0; round < 2; round += 1) {
    const { challenge } = await begin(user)
    expect(await answer(challenge, passkey.get({ challenge }))).toBe('signed-in')
  }
})

it('lists, renames and removes passkeys of one’s own only', async () => {
  const [user, other] = [await person('carol'), await person('dave')]
  await addPasskey(user, authenticator())
  await addPasskey(other, authenticator())
  const [{ passkeyId } = { passkeyId: '' }] = (await factorsOf(user)).passkeys
  const path = `/me/passkeys/${passkeyId}`
  for (const stranger of [other.client.api, rival.client.api]) {
    await expect(stranger.call('PATCH', path, { name: 'mine' })).rejects.toMatchObject({ status: 404 })
    await expect(stranger.call('DELETE', path)).rejects.toMatchObject({ status: 404 })
  }
  expect(await user.client.api.call('PATCH', path, { name: 'Key on the ring' })).toMatchObject({ passkeyId })
  expect(await user.client.api.call('GET', '/me/passkeys')).toMatchObject([{ name: 'Key on the ring' }])
  await user.client.api.call('DELETE', path)
  expect(await factorsOf(user)).toMatchObject({ passkeys: [], mustEnrol: true })
  expect(await factorsOf(other)).toMatchObject({ passkeys: [{ name: 'Laptop' }] })
})

it.each<[string, Misuse]>([
  ['another origin', { origin: 'https://evil.example' }],
  ['another relying party', { rpId: 'evil.example' }],
  ['nobody present', { userPresent: false }],
  ['an answer to another question', { type: 'webauthn.get' }],
])('refuses to enrol: %s', async (what, misuse) => {
  const user = await person(`enrols.${what.replaceAll(' ', '-')}`)
  await expect(addPasskey(user, authenticator(), misuse)).rejects.toMatchObject({ status: 400, code: 'bad-passkey' })
  expect(await factorsOf(user)).toMatchObject({ passkeys: [], mustEnrol: true })
})

it('takes an answer to enrolment once, from whom it was asked, and a passkey for one account', async () => {
  const [user, other, abroad] = [await person('erin'), await person('frank'), await person('erin', rival)]
  const add = (who: TestUser, attestation: object): Promise<unknown> =>
    who.client.api.call('POST', '/me/passkeys', { name: 'Laptop', attestation })
  const expired = { status: 410, code: 'challenge-expired' }
  const made = authenticator()
  const attestation = made.create(await creationOptions(user))
  await expect(add(other, attestation)).rejects.toMatchObject(expired)
  await expect(add(abroad, attestation)).rejects.toMatchObject(expired)
  await add(user, attestation)
  await expect(add(user, attestation)).rejects.toMatchObject(expired)
  await expect(add(other, made.create(await creationOptions(other)))).rejects.toMatchObject({ code: 'passkey-known' })
  await expect(add(user, made.create({ challenge: 'invented', user: { id: 'x' } }))).rejects.toMatchObject(expired)
  expect((await factorsOf(user)).passkeys).toHaveLength(1)
  const twice = authenticator().create(await creationOptions(user))
  const both = await Promise.allSettled([add(user, twice), add(user, twice)])
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

it.each<[string, Misuse]>([
  ['another origin', { origin: 'https://evil.example' }],
  ['another relying party', { rpId: 'evil.example' }],
  ['an answer to another question', { type: 'webauthn.create' }],
  ['nobody present', { userPresent: false }],
  ['a signature of something else', { breakSignature: true }],
  ['the handle of another user', { userHandle: Buffer.alloc(16, 3).toString('base64url') }],
  ['a credential that nobody has', { credentialId: Buffer.alloc(32, 3) }],
])('refuses at sign-in: %s; the right passkey comes in after it', async (what, misuse) => {
  const user = await person(`signs.${what.replaceAll(' ', '-')}`)
  const passkey = await addPasskey(user, authenticator())
  const { challenge } = await begin(user)
  expect(await answer(challenge, passkey.get({ challenge }, misuse))).toBe('wrong-passkey')
  expect(await answer(challenge, passkey.get({ challenge }))).toBe('signed-in')
})

it('takes neither the passkey of another user, nor of another tenant, nor what was signed for another sign-in', async () => {
  const [user, other, abroad] = [await person('grace'), await person('heidi'), await person('grace', rival)]
  const own = await addPasskey(user, authenticator())
  const [others, abroads] = [await addPasskey(other, authenticator()), await addPasskey(abroad, authenticator())]
  const { challenge } = await begin(user)
  const before = await begin(user)
  expect(await answer(challenge, others.get({ challenge }))).toBe('wrong-passkey')
  expect(await answer(challenge, abroads.get({ challenge }))).toBe('wrong-passkey')
  const { userHandle } = own.get({ challenge }).response
  expect(await answer(challenge, others.get({ challenge }, { userHandle: userHandle ?? '' }))).toBe('wrong-passkey')
  expect(await answer(challenge, own.get({ challenge: before.challenge }))).toBe('wrong-passkey')
  expect(await answer(challenge, own.get({ challenge }))).toBe('signed-in')
})

it('refuses a passkey whose counter went back, writes it down, and still takes another factor', async () => {
  const user = await person('ivan')
  const passkey = await addPasskey(user, authenticator())
  const signIn = async (misuse: Misuse = {}): Promise<string> => {
    const { challenge } = await begin(user)
    return answer(challenge, passkey.get({ challenge }, misuse))
  }
  expect(await signIn({ counter: 10 })).toBe('signed-in')
  expect(await signIn({ counter: 10 })).toBe('passkey-copied')
  expect(await signIn({ counter: 0 })).toBe('passkey-copied')
  expect(await signIn({ counter: 9 })).toBe('passkey-copied')
  expect(await signIn({ counter: 11 })).toBe('signed-in')
  const [code = ''] = await makeRecoveryCodes(user)
  const { challenge } = await begin(user)
  const recovery = { challenge, method: 'recovery-code', code }
  expect(await answerSignIn(recovery, new ApiClient(harness.publicUrl))).toBe('signed-in')

  const database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
  const { rows } = await database.query<{ details: string }>(
    "SELECT details FROM audit_events WHERE user_id = $1 AND action = 'passkey.counter-went-back' ORDER BY at",
    [user.userId],
  )
  await database.end()
  expect(rows.map(({ details }) => JSON.parse(details) as unknown)).toEqual([
    { knownCounter: 10, shownCounter: 10 },
    { knownCounter: 10, shownCounter: 0 },
    { knownCounter: 10, shownCounter: 9 },
  ])
})

it('lets one of two win who show the same assertion to two instances at once', async () => {
  const user = await person('judy')
  const passkey = await addPasskey(user, authenticator({ counts: false }))
  const { challenge } = await begin(user)
  const assertion = passkey.get({ challenge })
  const urls = [harness.publicUrl, replica.publicUrl, harness.publicUrl, replica.publicUrl]
  const outcomes = await Promise.all(urls.map((url) => answer(challenge, assertion, url)))
  expect(outcomes.filter((outcome) => outcome === 'signed-in')).toHaveLength(1)
})

it('proves again with a passkey who somebody is, once for each question', async () => {
  const user = await person('kim')
  const passkey = await addPasskey(user, authenticator())
  const { api } = user.client
  const options = (await api.call('POST', '/me/reauthenticate/options')) as { passkeyOptions: { challenge: string } }
  const assertion = passkey.get(options.passkeyOptions)
  const body = { password: PASSWORD, factor: { method: 'passkey', assertion } }
  const expired = { status: 410, code: 'challenge-expired' }
  await api.call('POST', '/me/reauthenticate', body)
  await expect(api.call('POST', '/me/reauthenticate', body)).rejects.toMatchObject(expired)
  // The question of a sign-in is none of this.
  const { challenge } = await begin(user)
  const factor = { method: 'passkey', assertion: passkey.get({ challenge }) }
  await expect(api.call('POST', '/me/reauthenticate', { password: PASSWORD, factor })).rejects.toMatchObject(expired)
})

it('enrols no factor that the policy does not accept, and ends the sign-ins that it does not any more', async () => {
  const strict = await harness.tenant('strict')
  const { api } = strict.client
  const user = await person('laura', strict)
  const shown = z.object({ policy: z.record(z.string(), z.unknown()), version: z.number() })
  const { policy, version } = shown.parse(await api.call('GET', '/policy'))
  const rules = Object.fromEntries(Object.entries(policy).filter(([rule]) => rule !== 'requiredSince'))
  await enrolTotp(user)
  await addPasskey(user, authenticator())
  expect(await user.client.api.call('GET', '/me')).toMatchObject({ factors: { enrolled: ['totp', 'passkey'] } })
  await api.call('PUT', '/policy', { policy: { ...rules, methods: ['totp', 'recovery-code'] }, version })
  // The passkey was proven last in this session.
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  expect((await begin(user)).methods).toEqual(['totp'])
  const late = await person('late', strict)
  await expect(late.client.api.call('POST', '/me/passkeys/options')).rejects.toMatchObject({
    code: 'method-not-allowed',
  })
})

it('lets a waiting connection in whose user signed in with a passkey', async () => {
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { settings: { webSignIn: true } })
  const node = await harness.node('node-1')
  const user = await person('mallory')
  const passkey = await addPasskey(user, authenticator())
  const device = await enrolDevice(user, 'Laptop')
  const credential = { kind: 'password' as const, password: PASSWORD }
  const connecting = await node.authorise(authoriseRequestOf(user, device, credential, { dialogues: ['web'] }))
  if (connecting.decision !== 'challenge') throw new Error(JSON.stringify(connecting))
  const { state } = connecting
  const { challenge, methods } = await begin(user)
  expect(methods).toEqual(['passkey'])
  const browser = new ApiClient(replica.publicUrl)
  expect(await answerSignIn({ challenge, method: 'passkey', assertion: passkey.get({ challenge }) }, browser)).toBe(
    'signed-in',
  )
  await browser.call('POST', `/connect/${state}/approve`)
  const answered = { kind: 'challenge-response' as const, state, response: '' }
  expect(await node.decision(authoriseRequestOf(user, device, answered, { dialogues: ['web'] }))).toBe('allow')
})
