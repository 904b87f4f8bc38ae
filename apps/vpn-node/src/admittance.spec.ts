import type { AuthenticationRequest, SessionInput } from '@sallyport/openvpn-session'
import { beforeEach, expect, it } from 'vitest'

import type { Admission } from './admission.ts'
import { Admittance } from './admittance.ts'
import { HostScene } from './testing/host-scene.ts'
import { SAMPLE_ID, SAMPLE_LEASE, SAMPLE_TOKEN, sampleGrant, samplePath } from './testing/sample-grant.ts'

const ADMITTED: Admission = { type: 'admitted', grant: sampleGrant(), lease: SAMPLE_LEASE, network: 0 }
const REQUEST: AuthenticationRequest = {
  phase: 'initial',
  username: 'bob',
  password: 'secret',
  peerInfo: new Map(),
  peer: { verifyError: undefined, certificateSha256: '', certificateSerial: '', commonName: SAMPLE_ID },
  dialogues: ['web'],
}

let scene: HostScene
let heard: SessionInput[]
let steps: string[]
let where = samplePath()
let admittance: Admittance

beforeEach(() => {
  scene = new HostScene()
  scene.decide = () => ADMITTED
  heard = []
  steps = []
  where = samplePath()
  admittance = new Admittance({ tenantId: SAMPLE_ID, deviceId: SAMPLE_ID }, scene.services, {
    input: (input) => heard.push(input),
    identified: () => steps.push('identified'),
    spoke: () => steps.push('spoke'),
    admitted: () => {
      steps.push('admitted')
      return where
    },
  })
})

/** Puts a request, and lets it be answered. */
async function consider(request = REQUEST, keyId: 0 | 1 = 0): Promise<void> {
  admittance.consider(keyId, request, samplePath())
  await new Promise((resolve) => setImmediate(resolve))
}

it('makes room before it lets a client in, and adds the peer where the client is by then', async () => {
  where = samplePath(5000)
  await consider()
  expect(steps).toEqual(['spoke', 'admitted'])
  expect([...scene.peers.values()]).toEqual([samplePath(5000)])
  expect(heard).toMatchObject([{ type: 'allowed', keyId: 0, grant: { authToken: SAMPLE_TOKEN } }])
})

it('lets nobody with a bad certificate push others aside', async () => {
  scene.decide = () => ({ type: 'refused', refusal: { code: 'certificate-expired', message: 'no' } })
  await consider({ ...REQUEST, peer: { ...REQUEST.peer, verifyError: 'CERT_HAS_EXPIRED' } })
  expect(steps).toEqual([])
  expect(heard).toMatchObject([{ type: 'refused', refusal: { code: 'certificate-expired' } }])
})

it("lets no other device's certificate push a device's attempts aside", async () => {
  scene.decide = () => ({ type: 'refused', refusal: { code: 'certificate-mismatch', message: 'no' } })
  const commonName = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a99'
  await consider({ ...REQUEST, peer: { ...REQUEST.peer, commonName } })
  expect(steps).toEqual([])
  expect(heard).toMatchObject([{ type: 'refused', refusal: { code: 'certificate-mismatch' } }])
})

it('renews a connection without a new peer, and gives the new token to its client', async () => {
  await consider()
  scene.decide = ({ current }) => ({
    type: 'renewed',
    grant: sampleGrant({ sessionToken: `${current?.sessionToken ?? ''}+` }),
  })
  await consider({ ...REQUEST, phase: 'renegotiation' }, 1)
  expect(scene.peers.size).toBe(1)
  expect(heard[1]).toMatchObject({ type: 'allowed', keyId: 1, grant: { authToken: `${SAMPLE_TOKEN}+` } })
})

it('refuses and gives everything back when the engine takes no more peers', async () => {
  const addPeer = () => {
    throw new Error('no room')
  }
  const services = { ...scene.services, engine: { ...scene.services.engine, addPeer } }
  const nothing = () => undefined
  const events = {
    input: (input: SessionInput) => heard.push(input),
    identified: nothing,
    spoke: nothing,
    admitted: samplePath,
  }
  admittance = new Admittance({ tenantId: SAMPLE_ID, deviceId: SAMPLE_ID }, services, events)
  await consider()
  expect(heard).toMatchObject([{ type: 'refused', refusal: { code: 'internal-error' } }])
  expect(scene.released).toEqual([SAMPLE_ID])
  expect(scene.ended).toMatchObject([{ reason: 'internal-error' }])
  expect(admittance.connection).toBeUndefined()
})

it('gives back what auth-service granted and the node could not equip, and says why', async () => {
  const refusal = { code: 'pool-full', message: 'All addresses are in use' }
  scene.decide = () => ({ type: 'refused', refusal, grant: sampleGrant() })
  await consider()
  expect(heard).toEqual([{ type: 'refused', keyId: 0, refusal }])
  expect(scene.ended).toMatchObject([{ reason: 'pool-full' }])
})

it('goes on when its user has answered in the browser', async () => {
  const challenge = {
    decision: 'challenge',
    state: 'abc',
    method: 'web',
    prompt: 'Go there',
    echo: true,
    url: 'https://vpn.example.com/connect/abc',
    expiresInSeconds: 300,
  } as const
  scene.decide = ({ answer }) => (answer ? ADMITTED : { type: 'challenged', challenge })
  await consider()
  admittance.challengeAnswered('abc')
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard.map(({ type }) => type)).toEqual(['pending', 'allowed'])
  admittance.end('client-exit')
  expect(scene.peers.size).toBe(0)
})
