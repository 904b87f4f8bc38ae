import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import type { AuthoriseRequest, AuthoriseResponse, Lease } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { beforeEach, expect, it } from 'vitest'

import { AdmissionDesk, type Applicant, deviceOf } from './admission.ts'
import { SAMPLE_ID, SAMPLE_LEASE, SAMPLE_TOKEN, sampleGrant, samplePath } from './testing/sample-grant.ts'
import { NetworkUnavailableError } from './tunnel-networks.ts'

const id = SAMPLE_ID
const grant = sampleGrant()

let asked: AuthoriseRequest[]
let authorise: () => AuthoriseResponse
let acquire: () => Lease
let ensure: () => number

beforeEach(() => {
  asked = []
  authorise = () => ({ decision: 'allow', grant })
  acquire = () => SAMPLE_LEASE
  ensure = () => 3
})

interface Changes extends Partial<Omit<Applicant, 'request'>> {
  readonly verifyError?: string
  readonly commonName?: string
}

function decide(password: string, { verifyError, commonName = id, ...changes }: Changes = {}) {
  const desk = new AdmissionDesk(
    {
      authorise: (request) => {
        asked.push(request)
        return Promise.resolve().then(authorise)
      },
    },
    { acquire: () => Promise.resolve().then(acquire) },
    { ensure: () => Promise.resolve().then(ensure) },
    createLogger('test', 'silent'),
    new AbortController().signal,
  )
  return desk.decide({
    identity: { tenantId: id, deviceId: id },
    path: samplePath(),
    answer: undefined,
    current: undefined,
    request: {
      phase: changes.current ? 'renegotiation' : 'initial',
      username: 'bob',
      password,
      peerInfo: new Map([['IV_VER', '2.6.14']]),
      peer: { verifyError, certificateSha256: 'ab'.repeat(32), certificateSerial: '0a', commonName },
      dialogues: ['text'],
    },
    ...changes,
  })
}

it.each([
  ['NO_CERTIFICATE', 'certificate-missing'],
  ['CERT_HAS_EXPIRED', 'certificate-expired'],
  ['CERT_NOT_YET_VALID', 'certificate-not-yet-valid'],
  ['CERT_SIGNATURE_FAILURE', 'certificate-untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-untrusted'],
])('refuses a certificate with %s and asks nobody', async (verifyError, code) => {
  expect(await decide('right', { verifyError })).toMatchObject({ type: 'refused', refusal: { code } })
  expect(asked).toEqual([])
})

it('refuses a session token of impossible length before anybody looks into it', async () => {
  expect(await decide(SAMPLE_TOKEN.padEnd(128, 'A'))).toMatchObject({ refusal: { code: 'malformed-credentials' } })
  expect(asked).toEqual([])
})

it('refuses a password longer than any account has', async () => {
  expect(await decide('x'.repeat(600))).toMatchObject({ refusal: { code: 'malformed-credentials' } })
  expect(asked).toEqual([])
})

it('keeps nobody by a token when auth-service is there and refuses to answer', async () => {
  authorise = () => {
    throw new ServiceRefusedError(403, 'forbidden', 'this node was removed')
  }
  expect(await decide(SAMPLE_TOKEN, { current: grant })).toMatchObject({ refusal: { code: 'internal-error' } })
})

it('passes on what auth-service says no to', async () => {
  authorise = () => ({ decision: 'deny', code: 'wrong-otp', message: 'The one-time code is wrong' })
  expect(await decide('x')).toEqual({
    type: 'refused',
    refusal: { code: 'wrong-otp', message: 'The one-time code is wrong' },
  })
})

it('takes the answer to the static challenge apart', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  await decide(`SCRV1:${base64('pass:word')}:${base64('123456')}`)
  expect(asked[0]?.credential).toEqual({ kind: 'password', password: 'pass:word', response: '123456' })
})

it('refuses for now when auth-service is away', async () => {
  authorise = () => {
    throw new ServiceUnavailableError('connection refused')
  }
  expect(await decide(SAMPLE_TOKEN)).toMatchObject({
    refusal: { code: 'control-plane-away', temporary: { backoffSeconds: 10 } },
  })
})

it('keeps a running connection that shows its last token while auth-service is away, until its session ends', async () => {
  authorise = () => {
    throw new ServiceUnavailableError('connection refused')
  }
  expect(await decide(SAMPLE_TOKEN, { current: grant })).toEqual({ type: 'renewed', grant })
  const other = SAMPLE_TOKEN.replace('AAAA', 'BBBB')
  expect(await decide(other, { current: grant })).toMatchObject({ refusal: { code: 'control-plane-away' } })
  const over = { ...grant, sessionEndsAt: new Date(Date.now() - 1000).toISOString() }
  expect(await decide(SAMPLE_TOKEN, { current: over })).toMatchObject({ refusal: { code: 'control-plane-away' } })
})

it('leases nothing on a renegotiation', async () => {
  acquire = () => {
    throw new Error('must not be called')
  }
  expect(await decide(SAMPLE_TOKEN, { current: grant })).toEqual({ type: 'renewed', grant })
})

it.each([
  ['pool-full', () => new ServiceRefusedError(409, 'pool-full', 'full'), 'pool-full'],
  ['allocator away', () => new ServiceUnavailableError('timeout'), 'allocator-away'],
  ['pool not known yet', () => new ServiceRefusedError(404, 'unknown-network', 'unknown'), 'allocator-away'],
  ['anything else', () => new Error('bug'), 'internal-error'],
])('refuses with a reason and gives the grant back: %s', async (_name, error, code) => {
  acquire = () => {
    throw error()
  }
  expect(await decide('x')).toMatchObject({ type: 'refused', refusal: { code }, grant: { connectionId: id } })
})

it('refuses when the network cannot be had on this node', async () => {
  ensure = () => {
    throw new NetworkUnavailableError('no such namespace')
  }
  expect(await decide('x')).toMatchObject({ refusal: { code: 'network-unavailable' } })
  ensure = () => {
    throw new NetworkUnavailableError('it overlaps', undefined, 'network-overlaps')
  }
  expect(await decide('x')).toMatchObject({ refusal: { code: 'network-overlaps' } })
})

it('admits with grant, lease and the network of the engine', async () => {
  expect(await decide('x')).toEqual({ type: 'admitted', grant, lease: SAMPLE_LEASE, network: 3 })
})

const SHARED_KEY = { identity: { tenantId: id, deviceId: undefined } }

it('takes the device of a client with a shared key from its certificate, and says which key it had', async () => {
  const device = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a99'
  await decide('x', { ...SHARED_KEY, commonName: device, path: samplePath(4711, 7) })
  await decide('x')
  expect(asked).toMatchObject([
    { tenantId: id, deviceId: device, controlKey: 'tenant', remote: { transport: 'tcp', port: 4711 } },
    { tenantId: id, deviceId: id, controlKey: 'device', remote: { transport: 'udp', port: 4711 } },
  ])
})

it.each(['', 'vpn.example.com', id.toUpperCase()])('refuses a shared key with a certificate for "%s"', async (name) => {
  const admission = await decide('x', { ...SHARED_KEY, commonName: name })
  expect(admission).toMatchObject({ refusal: { code: 'certificate-without-device' } })
  expect(asked).toEqual([])
})

it('believes no name in a certificate that is not good', async () => {
  const peer = { verifyError: 'CERT_SIGNATURE_FAILURE', certificateSha256: '', certificateSerial: '', commonName: id }
  expect(deviceOf(SHARED_KEY.identity, peer)).toBeUndefined()
  expect(deviceOf(SHARED_KEY.identity, { ...peer, verifyError: undefined })).toBe(id)
  const admission = await decide('x', { ...SHARED_KEY, verifyError: 'CERT_SIGNATURE_FAILURE' })
  expect(admission).toMatchObject({ refusal: { code: 'certificate-untrusted' } })
  expect(asked).toEqual([])
})

const challenge = {
  decision: 'challenge',
  state: 'abc',
  method: 'code',
  prompt: 'Code?',
  echo: true,
  expiresInSeconds: 60,
} as const

it('passes a challenge on, and says which dialogues the client has', async () => {
  authorise = () => challenge
  expect(await decide('x')).toEqual({ type: 'challenged', challenge })
  expect(asked[0]?.dialogues).toEqual(['text'])
})

it('shows the answer to a challenge in place of the password', async () => {
  const answer = { kind: 'challenge-response', state: 'abc', response: '123456' } as const
  await decide('secret', { answer })
  expect(asked[0]?.credential).toEqual(answer)
  expect(JSON.stringify(asked[0])).not.toContain('secret')
})

it('takes the answer to a dynamic challenge out of the password field', async () => {
  await decide('CRV1::abc::123456')
  expect(asked[0]?.credential).toEqual({ kind: 'challenge-response', state: 'abc', response: '123456' })
})

it('says that the session is over when the token has run out, so that the client forgets it', async () => {
  authorise = () => ({ decision: 'deny', code: 'token-expired', message: 'Sign in again' })
  expect(await decide(SAMPLE_TOKEN)).toMatchObject({ refusal: { code: 'token-expired', sessionExpired: true } })
})
