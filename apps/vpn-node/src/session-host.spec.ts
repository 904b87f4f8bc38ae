import type { AuthenticationRequest, SessionAction } from '@sallyport/openvpn-session'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import type { Admission } from './admission.ts'
import type { RevocationOrder } from './recent-revocations.ts'
import { SessionEnds } from './session-ends.ts'
import { SessionHost } from './session-host.ts'
import { SessionTable } from './session-table.ts'
import { HostScene } from './testing/host-scene.ts'
import { SAMPLE_ID, SAMPLE_LEASE, sampleGrant, sampleNetwork, samplePath } from './testing/sample-grant.ts'
import { ScriptedSession } from './testing/scripted-session.ts'

const OTHER_ID = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a99'

let scene: HostScene
let table: SessionTable

beforeEach(() => {
  scene = new HostScene()
  table = new SessionTable(scene.paths)
})
afterEach(() => {
  vi.useRealTimers()
})

const ADMITTED: Admission = { type: 'admitted', grant: sampleGrant(), lease: SAMPLE_LEASE, network: 0 }
const CONNECTED: SessionAction = {
  type: 'connected',
  cipher: 'AES-256-GCM',
  peerInfo: new Map(),
  family: 'openvpn-2.6',
}
const request = (changes: Partial<AuthenticationRequest> = {}): AuthenticationRequest => ({
  phase: 'initial',
  username: 'bob',
  password: 'secret',
  peerInfo: new Map(),
  peer: { verifyError: undefined, certificateSha256: '', certificateSerial: '', commonName: SAMPLE_ID },
  dialogues: ['text', 'web'],
  ...changes,
})
const authenticate = (changes: Partial<AuthenticationRequest> = {}): SessionAction => ({
  type: 'authenticate',
  keyId: 0,
  request: request(changes),
})

function host(path = samplePath(), deviceId: string | undefined = SAMPLE_ID): [SessionHost, ScriptedSession] {
  return hostOf(new ScriptedSession(deviceId), path)
}

function hostOf(session: ScriptedSession, path = samplePath()): [SessionHost, ScriptedSession] {
  const made = new SessionHost(session, path, scene.services, table)
  table.add(made)
  return [made, session]
}

/** Lets what was asked be answered. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** A session whose client is connected. */
async function connected(path = samplePath()): Promise<[SessionHost, ScriptedSession]> {
  const [made, session] = host(path)
  scene.decide = () => ADMITTED
  session.reply = ({ type }) => (type === 'allowed' ? [CONNECTED] : [])
  made.start([authenticate()])
  await settle()
  return [made, session]
}

function endsOf(made: SessionHost): SessionEnds {
  return new SessionEnds(
    { sessionEnds: () => Promise.resolve({ ends: [] }) },
    () => [made],
    createLogger('test', 'silent'),
  )
}

const movedTo = (sessionEndsAt: string): Parameters<SessionEnds['obey']>[0] => ({
  type: 'session-ends',
  ends: [{ connectionId: sampleGrant().connectionId, sessionEndsAt }],
  renewKeys: false,
})

it('connects an admitted client: peer, grant, table and limits', async () => {
  const [made, session] = await connected()
  expect(session.types).toEqual(['allowed'])
  expect([...scene.peers.values()]).toEqual([samplePath()])
  expect(table.findByPeerId(made.connection?.peerId ?? -1)).toBe(made)
  expect(scene.completed).toEqual([4711])
  expect(scene.metrics.handshakes.values()).toMatchObject({ connected: 1, failed: 0 })
})

it('wipes what it wrote to TLS, and its session when it is over', () => {
  const [made, session] = host()
  const bytes = Uint8Array.of(1, 2, 3)
  made.start([{ type: 'tls-write', keyId: 0, bytes }])
  expect([scene.tlsActions, [...bytes]]).toEqual([['tls-write'], [0, 0, 0]])
  expect(session.discarded).toBe(false)
  made.discard('replaced')
  expect(session.discarded).toBe(true)
})

it('sends where its client is', () => {
  const [made] = host()
  made.start([{ type: 'send', bytes: Uint8Array.of(1) }])
  made.moveTo(samplePath(5000))
  made.start([{ type: 'send', bytes: Uint8Array.of(2) }])
  expect(scene.sent.map(({ path, bytes }) => [path.remote.port, bytes[0]])).toEqual([
    [4711, 1],
    [5000, 2],
  ])
})

it('follows a client that moved: it is found at the new address only, and the move is counted', async () => {
  const [made] = await connected()
  made.moveTo(samplePath(5000))
  expect(table.find(samplePath(5000), Uint8Array.of(0))).toBe(made)
  expect(table.find(samplePath(), Uint8Array.of(0))).toBeUndefined()
  expect(made.connection?.floats).toBe(1)
  expect(scene.metrics.floats.values()).toEqual({ moved: 1 })
})

it('asks the client for more and goes on with what it says', async () => {
  const challenge = {
    decision: 'challenge',
    state: 'abc',
    method: 'code',
    prompt: 'Code?',
    echo: false,
    expiresInSeconds: 60,
  } as const
  scene.decide = ({ answer }) => (answer === undefined ? { type: 'challenged', challenge } : ADMITTED)
  const [made, session] = host()
  made.start([authenticate()])
  await settle()
  expect(session.told).toEqual([
    {
      type: 'pending',
      keyId: 0,
      pending: { timeoutSeconds: 60, method: { kind: 'text', prompt: 'Code?', echo: false } },
    },
  ])
  made.start([{ type: 'challenge-response', keyId: 0, response: '123456' }])
  await settle()
  expect(scene.asked[1]?.answer).toEqual({ kind: 'challenge-response', state: 'abc', response: '123456' })
  expect(session.types).toEqual(['pending', 'allowed'])
})

it('does not count a question to the user as a refusal', () => {
  const challenge = { stateId: 'abc', username: 'bob', prompt: 'Code?', echo: true }
  const [made] = host()
  made.start([{ type: 'refused', refusal: { code: 'otp-required', message: 'Code?', challenge } }])
  expect(scene.metrics.refusals.values()['otp-required']).toBe(0)
  made.start([{ type: 'refused', refusal: { code: 'otp-required', message: 'A code is needed' } }])
  expect(scene.metrics.refusals.values()['otp-required']).toBe(1)
})

it('gives back what is granted to a session that ended meanwhile', async () => {
  const decision = Promise.withResolvers<Admission>()
  scene.decide = () => decision.promise
  const [made, session] = host()
  made.start([authenticate()])
  await settle()
  made.start([{ type: 'ended', reason: 'client-exit' }])
  decision.resolve(ADMITTED)
  await settle()
  expect(session.types).toEqual([])
  expect(scene.peers.size).toBe(0)
  expect(scene.released).toEqual([SAMPLE_ID])
  expect(scene.ended).toMatchObject([{ reason: 'not-established' }])
})

it('refuses what was granted before an order that it had not heard of', async () => {
  const order: RevocationOrder = {
    type: 'revoked',
    tenantId: SAMPLE_ID,
    userId: SAMPLE_ID,
    code: 'user-disabled',
    message: 'no',
  }
  scene.decide = () => {
    scene.revocations.note(order, performance.now())
    return ADMITTED
  }
  const [made, session] = host()
  made.start([authenticate()])
  await settle()
  expect(session.told).toMatchObject([{ type: 'refused', refusal: { code: 'user-disabled' } }])
  expect(scene.released).toEqual([SAMPLE_ID])
})

it('knows the device of a client with a shared key once its certificate is verified', async () => {
  scene.decide = () => ({ type: 'refused', refusal: { code: 'wrong-password', message: 'no' } })
  const [made] = hostOf(new ScriptedSession(undefined))
  const bad = { verifyError: 'CERT_HAS_EXPIRED', certificateSha256: '', certificateSerial: '', commonName: OTHER_ID }
  made.start([authenticate({ peer: bad })])
  expect(made.identity.deviceId).toBeUndefined()
  await settle()
  made.start([authenticate({ peer: { ...bad, verifyError: undefined } })])
  expect(made.identity.deviceId).toBe(OTHER_ID)
  expect(made.concerned.deviceId).toBe(OTHER_ID)
  await settle()
  expect(scene.asked.map(({ identity }) => identity.deviceId)).toEqual([undefined, undefined])
})

it('tells a connected client of a change of its network, and of nothing else', async () => {
  const [made, session] = await connected()
  made.updateNetwork(sampleNetwork({ version: 2, routes: [] }))
  made.updateNetwork(sampleNetwork({ version: 2, routes: [] }))
  made.updateNetwork(sampleNetwork({ version: 3, networkId: OTHER_ID }))
  expect(session.told.slice(1)).toMatchObject([{ type: 'push-update', configuration: { routes: [] } }])
})

it('tells a client of a change that came while it was being connected', async () => {
  scene.decide = () => ADMITTED
  const [made, session] = host()
  made.start([authenticate()])
  await settle()
  made.updateNetwork(sampleNetwork({ version: 2, routes: [] }))
  expect(session.types).toEqual(['allowed'])
  made.start([CONNECTED])
  expect(session.types).toEqual(['allowed', 'push-update'])
})

it('counts clients that cannot be told of a change', async () => {
  const [made, session] = await connected()
  session.reply = () => [{ type: 'not-updated' }]
  made.updateNetwork(sampleNetwork({ version: 2, routes: [] }))
  expect(scene.metrics.networkUpdates.values()).toEqual({ changed: 1, 'not-understood': 1 })
})

it('tells the protocol of another end of the login, and keeps it while auth-service is away', async () => {
  const [made, session] = await connected()
  made.moveEnd('2030-01-15T12:00:00.000Z', 0, true)
  expect(session.told.at(-1)).toEqual({ type: 'ends-at', endsAtMs: Date.parse('2030-01-15T12:00:00Z'), renew: true })
  expect(made.grant?.sessionEndsAt).toBe('2030-01-15T12:00:00.000Z')
})

it('takes news of the end in the order in which they came, although the clock is set back', async () => {
  const [made] = await connected()
  using ends = endsOf(made)
  ends.obey(movedTo('2030-01-15T12:00:00.000Z'))
  vi.setSystemTime(Date.now() - 3_600_000)
  ends.obey(movedTo('2030-01-15T08:00:00.000Z'))
  expect(made.grant?.sessionEndsAt).toBe('2030-01-15T08:00:00.000Z')
  scene.decide = () => {
    vi.setSystemTime(Date.now() - 3_600_000)
    ends.obey(movedTo('2030-01-15T20:00:00.000Z'))
    return { type: 'renewed', grant: sampleGrant({ sessionEndsAt: '2030-01-15T08:00:00.000Z' }) }
  }
  made.start([authenticate({ phase: 'renegotiation' })])
  await settle()
  expect(made.grant?.sessionEndsAt).toBe('2030-01-15T20:00:00.000Z')
})

it('moves no end of what has ended or not begun', async () => {
  const [waiting, silent] = host()
  waiting.moveEnd('2030-01-15T12:00:00.000Z', 0, true)
  expect(silent.told).toEqual([])
  const [made, session] = await connected(samplePath(5000))
  made.start([{ type: 'ended', reason: 'ordered' }])
  made.moveEnd('2030-01-15T12:00:00.000Z', 0, true)
  expect(session.types).toEqual(['allowed'])
})

it('closes its TCP stream when the protocol has said its last word', async () => {
  const [made] = await connected(samplePath(4711, 9))
  made.start([{ type: 'ended', reason: 'ordered' }])
  expect(scene.peers.size).toBe(0)
  expect(scene.closedStreams).toEqual([])
  made.start([{ type: 'closed' }])
  expect(scene.closedStreams).toEqual([9])
  expect(table.hosts).toEqual([])
})

it('ends with its TCP stream', async () => {
  const [made] = await connected(samplePath(4711, 9))
  made.discard('stream-closed')
  expect(scene.ended).toMatchObject([{ reason: 'stream-closed' }])
  expect(scene.metrics.ends.values()['stream-closed']).toBe(1)
  expect(scene.tlsActions).toEqual(['stop-all'])
})

it.each([
  ['refused', 'refused'],
  ['handshake-timeout', 'failed'],
] as const)('counts a handshake that ended with %s as %s', (reason, step) => {
  const [made] = host()
  made.start([{ type: 'ended', reason }])
  expect(scene.metrics.handshakes.values()).toMatchObject({ connected: 0, [step]: 1 })
})

it('ends alone when it cannot be kept in order', () => {
  const [made, session] = host()
  session.reply = () => {
    throw new Error('bug')
  }
  made.handle({ type: 'timer' })
  expect(scene.metrics.ends.values()['internal-error']).toBe(1)
  expect(table.hosts).toEqual([])
})

it('wakes the protocol at the time it asked for last, neither before nor twice', () => {
  vi.useFakeTimers()
  try {
    const [made, session] = host()
    const at = (ms: number): SessionAction => ({ type: 'timer', atMs: Date.now() + ms })
    made.start([at(1_000), at(5_000)])
    vi.advanceTimersByTime(4_999)
    expect(session.types).toEqual([])
    vi.advanceTimersByTime(1)
    expect(session.types).toEqual(['timer'])
    made.start([at(5_000), at(1_000)])
    vi.advanceTimersByTime(1_000)
    expect(session.types).toEqual(['timer', 'timer'])
    made.start([at(1_000), { type: 'timer', atMs: undefined }])
    vi.advanceTimersByTime(60_000)
    expect(session.types).toEqual(['timer', 'timer'])
  } finally {
    vi.useRealTimers()
  }
})
