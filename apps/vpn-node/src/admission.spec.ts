import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import type { AuthoriseRequest, AuthoriseResponse, ConnectionGrant, Lease } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { beforeEach, expect, it } from 'vitest'

import { AdmissionDesk, type Applicant } from './admission.ts'
import { NetworkUnavailableError } from './tunnel-networks.ts'

const id = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a01'
const TOKEN = `SESS_ID_AT_${'A'.repeat(80)}`
const grant: ConnectionGrant = {
  connectionId: id,
  userId: id,
  username: 'bob',
  deviceId: id,
  network: {
    networkId: id,
    tenantId: id,
    name: 'office',
    namespace: null,
    ipv4: '10.8.0.0/24',
    ipv6: null,
    routes: [],
    dnsServers: [],
    dnsDomains: [],
    version: 1,
  },
  sessionToken: TOKEN,
  sessionEndsAt: new Date(Date.now() + 60_000).toISOString(),
  keepalive: { pingSeconds: 10, pingRestartSeconds: 30 },
}
const lease: Lease = {
  networkId: id,
  deviceId: id,
  connectionId: id,
  ipv4: '10.8.0.2',
  ipv6: null,
  ttlSeconds: 120,
}

let asked: AuthoriseRequest[]
let authorise: () => AuthoriseResponse
let acquire: () => Lease
let ensure: () => number

beforeEach(() => {
  asked = []
  authorise = () => ({ decision: 'allow', grant })
  acquire = () => lease
  ensure = () => 3
})

function decide(password: string, changes: Partial<Applicant> = {}, verifyError?: string) {
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
    metadata: { tenantId: id, deviceId: id },
    remote: { address: '192.0.2.1', port: 4711 },
    current: undefined,
    request: {
      phase: changes.current ? 'renegotiation' : 'initial',
      username: 'bob',
      password,
      peerInfo: new Map([['IV_VER', '2.6.14']]),
      peer: { verifyError, certificateSha256: 'ab'.repeat(32), certificateSerial: '0a', commonName: id },
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
  expect(await decide('right', {}, verifyError)).toMatchObject({ type: 'refused', refusal: { code } })
  expect(asked).toEqual([])
})

it('refuses a session token of impossible length before anybody looks into it', async () => {
  expect(await decide(TOKEN.padEnd(128, 'A'))).toMatchObject({ refusal: { code: 'malformed-credentials' } })
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
  expect(await decide(TOKEN, { current: grant })).toMatchObject({ refusal: { code: 'internal-error' } })
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
  expect(await decide(TOKEN)).toMatchObject({
    refusal: { code: 'control-plane-away', temporary: { backoffSeconds: 10 } },
  })
})

it('keeps a running connection that shows its last token while auth-service is away, until its session ends', async () => {
  authorise = () => {
    throw new ServiceUnavailableError('connection refused')
  }
  expect(await decide(TOKEN, { current: grant })).toEqual({ type: 'renewed', grant })
  const other = TOKEN.replace('AAAA', 'BBBB')
  expect(await decide(other, { current: grant })).toMatchObject({ refusal: { code: 'control-plane-away' } })
  const over = { ...grant, sessionEndsAt: new Date(Date.now() - 1000).toISOString() }
  expect(await decide(TOKEN, { current: over })).toMatchObject({ refusal: { code: 'control-plane-away' } })
})

it('leases nothing on a renegotiation', async () => {
  acquire = () => {
    throw new Error('must not be called')
  }
  expect(await decide(TOKEN, { current: grant })).toEqual({ type: 'renewed', grant })
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
})

it('admits with grant, lease and the network of the engine', async () => {
  expect(await decide('x')).toEqual({ type: 'admitted', grant, lease, network: 3 })
})
