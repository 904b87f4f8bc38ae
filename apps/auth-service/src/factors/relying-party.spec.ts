import { type AttestationJson, type Misuse, SoftwareAuthenticator, throwawayAttester } from '@sallyport/testkit'
import { expect, it } from 'vitest'

import { readSettings } from '../runtime/settings.ts'
import { passkeyAssertion, passkeyAttestation } from './passkey.schemas.ts'
import { type KnownPasskey, RelyingParty } from './relying-party.ts'

const ORIGIN = 'https://vpn.example.com'
const CHALLENGE = Buffer.alloc(24, 5).toString('base64url')
const OTHER_CHALLENGE = Buffer.alloc(24, 6).toString('base64url')
const USER = { handle: Uint8Array.from(Buffer.alloc(16, 9)), username: 'alice' }

const relyingParty = new RelyingParty(
  readSettings({
    AUTH_PUBLIC_URL: ORIGIN,
    DATABASE_URL: 'postgresql://127.0.0.1/none',
    REDIS_URL: 'redis://127.0.0.1',
    MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    OPERATOR_TOKEN: 'an operator token of this test only',
    VPN_REMOTES: 'vpn.example.com:1194/udp',
  }),
)

async function create(authenticator: SoftwareAuthenticator, misuse: Misuse = {}): Promise<AttestationJson> {
  const options = await relyingParty.creationOptions(USER, [], CHALLENGE, 1000)
  return authenticator.create(options, misuse)
}

async function register(authenticator: SoftwareAuthenticator): Promise<KnownPasskey> {
  const made = await relyingParty.checkAttestation(passkeyAttestation.parse(await create(authenticator)), CHALLENGE)
  if (made === undefined) throw new Error('the attestation was refused')
  return { ...made, transports: ['internal'] }
}

it('asks for a passkey of this host, without attestation, and for none that the user has', async () => {
  const known = await register(new SoftwareAuthenticator(ORIGIN))
  const options = await relyingParty.creationOptions(USER, [known], CHALLENGE, 1000)
  expect(options).toMatchObject({
    rp: { id: 'vpn.example.com', name: 'Sallyport' },
    user: { id: Buffer.from(USER.handle).toString('base64url'), name: 'alice' },
    challenge: CHALLENGE,
    attestation: 'none',
    authenticatorSelection: { userVerification: 'preferred' },
    excludeCredentials: [{ id: Buffer.from(known.credentialId).toString('base64url') }],
  })
})

it.each([{ userVerified: true }, { userVerified: false }])('takes a passkey and its signature (%j)', async (kind) => {
  const authenticator = new SoftwareAuthenticator(ORIGIN, kind)
  const passkey = await register(authenticator)
  expect(Buffer.from(passkey.credentialId).equals(authenticator.credentialId)).toBe(true)
  const options = await relyingParty.requestOptions([passkey], CHALLENGE, 1000)
  expect(options).toMatchObject({ rpId: 'vpn.example.com', challenge: CHALLENGE, userVerification: 'preferred' })
  const assertion = passkeyAssertion.parse(authenticator.get(options))
  expect(await relyingParty.checkAssertion(passkey, assertion, CHALLENGE)).toEqual({ counter: 2, backedUp: true })
})

it.each<[string, Misuse]>([
  ['another origin', { origin: 'https://vpn.example.org' }],
  ['another port of the host', { origin: `${ORIGIN}:8443` }],
  ['plain http', { origin: 'http://vpn.example.com' }],
  ['another relying party', { rpId: 'example.com' }],
  ['another challenge', { challenge: OTHER_CHALLENGE }],
  ['an answer to another question', { type: 'webauthn.get' }],
  ['nobody present', { userPresent: false }],
  ['a certificate that nobody asked for', { attester: await throwawayAttester() }],
])('refuses to register: %s', async (_, misuse) => {
  const attestation = passkeyAttestation.parse(await create(new SoftwareAuthenticator(ORIGIN), misuse))
  expect(await relyingParty.checkAttestation(attestation, CHALLENGE)).toBeUndefined()
})

it.each<[string, Misuse]>([
  ['another origin', { origin: 'https://vpn.example.org' }],
  ['another relying party', { rpId: 'example.com' }],
  ['another challenge', { challenge: OTHER_CHALLENGE }],
  ['an answer to another question', { type: 'webauthn.create' }],
  ['nobody present', { userPresent: false }],
  ['a signature of something else', { breakSignature: true }],
])('refuses an assertion: %s', async (_, misuse) => {
  const authenticator = new SoftwareAuthenticator(ORIGIN)
  const passkey = await register(authenticator)
  const assertion = passkeyAssertion.parse(authenticator.get({ challenge: CHALLENGE }, misuse))
  expect(await relyingParty.checkAssertion(passkey, assertion, CHALLENGE)).toBeUndefined()
})

it('refuses the signature of another key', async () => {
  const passkey = await register(new SoftwareAuthenticator(ORIGIN))
  const stranger = new SoftwareAuthenticator(ORIGIN).get(
    { challenge: CHALLENGE },
    { credentialId: passkey.credentialId },
  )
  expect(await relyingParty.checkAssertion(passkey, passkeyAssertion.parse(stranger), CHALLENGE)).toBeUndefined()
})

it('refuses every single changed byte of what was signed', async () => {
  const authenticator = new SoftwareAuthenticator(ORIGIN)
  const passkey = await register(authenticator)
  const right = passkeyAssertion.parse(authenticator.get({ challenge: CHALLENGE }))
  const bytes = Buffer.from(right.response.authenticatorData, 'base64url')
  for (let place = 0; place < bytes.length; place += 1) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
    const response = { ...right.response, authenticatorData: changed.toString('base64url') }
    expect(await relyingParty.checkAssertion(passkey, { ...right, response }, CHALLENGE), String(place)).toBeUndefined()
  }
  expect(await relyingParty.checkAssertion(passkey, right, CHALLENGE)).toBeDefined()
})

it('refuses what cannot be read', async () => {
  const passkey = await register(new SoftwareAuthenticator(ORIGIN))
  const id = Buffer.from(passkey.credentialId).toString('base64url')
  const common = { id, rawId: id, type: 'public-key' as const }
  const noise = Buffer.from('noise').toString('base64url')
  const assertion = passkeyAssertion.parse({
    ...common,
    response: { clientDataJSON: noise, authenticatorData: noise, signature: noise },
  })
  const attestation = passkeyAttestation.parse({
    ...common,
    response: { clientDataJSON: noise, attestationObject: noise },
  })
  expect(await relyingParty.checkAssertion(passkey, assertion, CHALLENGE)).toBeUndefined()
  expect(await relyingParty.checkAttestation(attestation, CHALLENGE)).toBeUndefined()
})
