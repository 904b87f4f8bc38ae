import { concatBytes } from '@sallyport/foundation'
import { OPCODE, serialiseControlBody, serialiseControlHeader, toKeyId } from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { SESSION_DROP_REASONS, SESSION_END_REASONS, type SessionAction, type SessionInput } from './actions.ts'
import { GRANT, makeScene, type Scene } from './testing/scene.ts'
import { GOOD_PEER } from './testing/test-server.ts'
import { sealTlsCrypt, tlsCryptKeys } from './wrap/tls-crypt.ts'

const keyIds = fc.nat(7).map((value) => toKeyId(value) ?? 0)
const noise = fc.uint8Array({ maxLength: 300 })
const messages = fc.constantFrom('PUSH_REQUEST', 'CR_RESPONSE,MTIz', 'CR_RESPONSE,', 'EXIT,', 'CR_RESPONSE,\u0007')
const opcodes = fc.constantFrom(
  OPCODE.softReset,
  OPCODE.control,
  OPCODE.ack,
  OPCODE.controlWkc,
  OPCODE.hardResetClientV3,
)

/** Inputs of any kind and order; a client with the right key says anything inside its packets. */
function inputsFor({ context, client, key, simulation }: Scene): fc.Arbitrary<SessionInput> {
  let replayId = 0x0f100000
  const seal = (opcode: number, keyId: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7, body: Uint8Array): Uint8Array => {
    const known = Object.values(OPCODE).find((candidate) => candidate === opcode) ?? OPCODE.control
    const header = serialiseControlHeader({ opcode: known, keyId, sessionId: client.sessionId })
    const replay = { id: ++replayId, timeSeconds: Math.floor(simulation.nowMs / 1000) }
    return sealTlsCrypt(context.suite, tlsCryptKeys(key.key, 'client'), header, replay, body)
  }
  const bodies = fc
    .record({ acks: fc.array(fc.nat(20), { maxLength: 8 }), messageId: fc.nat(20), payload: noise })
    .map((body) => serialiseControlBody({ ...body, remoteSessionId: client.serverSessionId ?? client.sessionId }))
  const authentic = fc
    .tuple(opcodes, keyIds, fc.oneof(bodies, noise))
    .map(([opcode, keyId, body]): SessionInput => ({ type: 'datagram', bytes: seal(opcode, keyId, body) }))
  const withKeyId = <T>(make: (keyId: ReturnType<typeof toKeyId> & number, bytes: Uint8Array) => T) =>
    fc.tuple(keyIds, noise).map(([keyId, bytes]) => make(keyId, bytes))
  const keyMaterial = () => ({ dataKeys: new Uint8Array(256).fill(1), dynamicTlsCrypt: new Uint8Array(256).fill(2) })
  return fc.oneof(
    { weight: 4, arbitrary: authentic },
    noise.map((bytes): SessionInput => ({
      type: 'datagram',
      bytes: concatBytes([Uint8Array.of(0x20), client.sessionId, bytes]),
    })),
    noise.map((bytes): SessionInput => ({ type: 'datagram', bytes })),
    withKeyId((keyId, bytes): SessionInput => ({ type: 'tls-plaintext', keyId, bytes })),
    withKeyId((keyId, bytes): SessionInput => ({ type: 'tls-ciphertext', keyId, bytes })),
    withKeyId((keyId): SessionInput => ({
      type: 'tls-established',
      keyId,
      peer: GOOD_PEER,
      keyMaterial: keyMaterial(),
    })),
    withKeyId((keyId): SessionInput => ({ type: 'tls-failed', keyId, code: 'X' })),
    withKeyId((keyId): SessionInput => ({ type: 'allowed', keyId, grant: GRANT })),
    withKeyId((keyId): SessionInput => ({ type: 'refused', keyId, refusal: { code: 'no', message: 'no' } })),
    fc
      .tuple(keyIds, fc.float(), fc.string({ unit: 'binary' }), fc.boolean())
      .map(([keyId, timeoutSeconds, text, isText]): SessionInput => {
        const method = isText
          ? ({ kind: 'text', prompt: text, echo: true } as const)
          : ({ kind: 'web', url: text } as const)
        return { type: 'pending', keyId, pending: { timeoutSeconds, method } }
      }),
    withKeyId((keyId): SessionInput => {
      const challenge = { stateId: 's', username: 'ä', prompt: 'a\nb', echo: true }
      return { type: 'refused', keyId, refusal: { code: 'no', message: '\u0000', challenge } }
    }),
    fc.tuple(keyIds, messages).map(([keyId, message]): SessionInput => {
      return { type: 'tls-plaintext', keyId, bytes: new TextEncoder().encode(`${message}\0`) }
    }),
    fc.array(fc.string({ unit: 'binary' })).map((routes): SessionInput => {
      return { type: 'push-update', configuration: { ...GRANT.configuration, routes } }
    }),
    fc.string({ unit: 'binary' }).map((message): SessionInput => ({ type: 'info', message })),
    fc
      .tuple(fc.double(), fc.boolean())
      .map(([endsAtMs, renew]): SessionInput => ({ type: 'ends-at', endsAtMs, renew })),
    withKeyId((keyId): SessionInput => ({ type: 'key-used', keyId })),
    withKeyId((keyId): SessionInput => ({ type: 'key-limit', keyId })),
    fc.constant<SessionInput>({ type: 'timer' }),
    fc.constantFrom('restart', 'exit', 'halt', 'auth-failed').map((how): SessionInput => {
      return { type: 'end', how, reason: 'x\n', advance: true }
    }),
  )
}

function checkInvariants(actions: readonly SessionAction[]): void {
  const ended = actions.filter(({ type }) => type === 'ended').length
  const closed = actions.filter(({ type }) => type === 'closed').length
  expect(ended).toBeLessThanOrEqual(1)
  expect(closed).toBeLessThanOrEqual(ended)
  if (closed === 1) expect(actions.findLast(({ type }) => type !== 'drop')?.type).toBe('closed')
  const overAt = actions.findIndex(({ type }) => type === 'ended')
  const afterEnd = overAt < 0 ? [] : actions.slice(overAt + 1).map(({ type }) => type)
  const last = [
    'authenticate',
    'install-keys',
    'swap-keys',
    'delete-keys',
    'connected',
    'challenge-response',
    'not-updated',
  ]
  for (const type of last) expect(afterEnd).not.toContain(type)
  for (const action of actions) {
    if (action.type === 'drop') expect(SESSION_DROP_REASONS).toContain(action.reason)
    if (action.type === 'ended') expect(SESSION_END_REASONS).toContain(action.reason)
    if (action.type === 'send') expect(action.bytes.length + 48).toBeLessThanOrEqual(1250)
  }
}

it.each([false, true])(
  'never throws and keeps its promises, whatever comes in (connected before: %s)',
  (connectFirst) => {
    fc.assert(
      fc.property(fc.integer(), fc.infiniteStream(fc.tuple(fc.nat(), fc.nat(3_000))), (seed, steps) => {
        const grant = { ...GRANT, renegotiateAfterMs: 5_000 }
        const scene = makeScene({ seed, decide: () => (connectFirst ? { type: 'allowed', grant } : undefined) })
        scene.connect()
        const { session } = scene.server
        if (session === undefined) return expect.unreachable()
        const inputs = inputsFor(scene)
        const actions: SessionAction[] = []
        let nowMs = scene.simulation.nowMs
        for (const [choice, waitMs] of steps.take(40)) {
          nowMs += waitMs
          for (const input of fc.sample(inputs, { seed: choice, numRuns: 1 }))
            actions.push(...session.handle(input, nowMs), ...session.settle())
        }
        for (let minute = 0; minute < 3; minute++)
          actions.push(...session.handle({ type: 'timer' }, (nowMs += 60_000)), ...session.settle())
        checkInvariants(actions)
      }),
      { numRuns: 60 },
    )
  },
  60_000,
)

it('keeps no state for resets, however many come', () => {
  const scene = makeScene()
  for (let count = 0; count < 50; count++) scene.client.connect()
  expect(scene.server.session).toBeUndefined()
})
