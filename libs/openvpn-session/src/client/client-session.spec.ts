import { concatBytes } from '@sallyport/foundation'
import {
  OPCODE,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseControlMessage,
  serialiseServerKeyMethod2,
  toSessionId,
} from '@sallyport/openvpn-wire'
import { SeededRandom } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { makeScene, OPTIONS_26, type Scene, seededSuite } from '../testing/scene.ts'
import { tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { TlsCryptWrapping } from '../wrap/wrapping.ts'
import { CLIENT_DROP_REASONS, type ClientAction, type ClientInput } from './client-actions.ts'
import { CLIENT_BEHAVIOURS, type ClientLine } from './client-behaviour.ts'
import { ClientCredentials } from './client-credentials.ts'
import { ClientSession } from './client-session.ts'

const NOW_MS = 1_750_000_000_000
const keyMaterial = () => ({ dataKeys: new Uint8Array(256).fill(1), dynamicTlsCrypt: new Uint8Array(256).fill(2) })
const types = (actions: readonly ClientAction[]): string[] => actions.map(({ type }) => type)

/** A client and whatever a server with the right key could say to it, in any order. */
class Bench {
  readonly session: ClientSession
  readonly suite = seededSuite(new SeededRandom(1))
  readonly #key = this.suite.randomBytes(256)
  readonly #serverId = toSessionId(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9))
  readonly #wrapping = new TlsCryptWrapping(this.suite, tlsCryptKeys(this.#key, 'server'), { id: 0, timeSeconds: 1 })

  constructor(line: ClientLine) {
    const behaviour = CLIENT_BEHAVIOURS[line]
    const credentials = new ClientCredentials({ username: 'ada', password: 'secret' }, behaviour)
    const wrap = { mode: 'tls-crypt', key: this.#key } as const
    const { suite } = this
    this.session = new ClientSession(
      { suite, transport: 'udp', wrap, behaviour, credentials, optionsString: OPTIONS_26 },
      NOW_MS,
    )
    this.session.start()
  }

  handle(input: ClientInput, afterMs = 0): ClientAction[] {
    return this.session.handle(input, NOW_MS + afterMs)
  }

  packet(
    opcode: 3 | 4 | 5 | 8,
    acks: readonly number[],
    messageId?: number,
    payload = new Uint8Array(0),
  ): ClientAction[] {
    if (this.#serverId === undefined) throw new RangeError('no session id')
    const header = serialiseControlHeader({ opcode, keyId: 0, sessionId: this.#serverId })
    const body = serialiseControlBody({ acks, remoteSessionId: this.session.sessionId, messageId, payload })
    return this.handle({ type: 'datagram', bytes: this.#wrapping.seal(header, body) })
  }

  plaintext(...parts: readonly Uint8Array[]): ClientAction[] {
    return this.handle({ type: 'tls-plaintext', keyId: 0, bytes: concatBytes(parts) })
  }

  /** Brings the client to where it has been answered; `acked` says whether it knows that it was heard. */
  answer(acked: boolean): void {
    this.packet(OPCODE.hardResetServerV2, [0], 0)
    this.handle({ type: 'tls-ciphertext', keyId: 0, bytes: new Uint8Array(100) })
    this.handle({ type: 'tls-established', keyId: 0, keyMaterial: keyMaterial() })
    if (acked) this.packet(OPCODE.ack, [1])
    this.plaintext(this.keyMethod2)
  }

  get keyMethod2(): Uint8Array {
    const random = new Uint8Array(32).fill(7)
    return serialiseServerKeyMethod2({ random1: random, random2: random, options: 'V4' })
  }
}

const PUSH_REPLY = serialiseControlMessage('PUSH_REPLY,peer-id 1,cipher AES-256-GCM')
const INFO = serialiseControlMessage('INFO,hello')
const reasons = (actions: readonly ClientAction[]): string[] =>
  actions.flatMap((action) => (action.type === 'drop' ? [action.reason] : []))

describe('a client as strict as openvpn3', () => {
  it('connects when everything is said as it should be', () => {
    const bench = new Bench('v3')
    bench.answer(true)
    expect(types(bench.plaintext(PUSH_REPLY))).toEqual(['install-keys', 'connected'])
  })

  it('reports two messages in one record and hears neither', () => {
    const bench = new Bench('v3')
    bench.answer(true)
    expect(reasons(bench.plaintext(INFO, PUSH_REPLY))).toEqual(['several-messages-in-record'])
    expect(bench.session.configuration).toBeUndefined()
  })

  it('reports a message that comes before its key method 2 was acknowledged', () => {
    const bench = new Bench('v3')
    bench.answer(false)
    expect(reasons(bench.plaintext(PUSH_REPLY))).toEqual(['message-before-active'])
    expect(bench.session.configuration).toBeUndefined()
  })

  it('reports what stands behind key method 2 in its record', () => {
    const bench = new Bench('v3')
    bench.packet(OPCODE.hardResetServerV2, [0], 0)
    bench.handle({ type: 'tls-established', keyId: 0, keyMaterial: keyMaterial() })
    expect(reasons(bench.plaintext(bench.keyMethod2, INFO))).toEqual(['several-messages-in-record'])
  })

  it('gives up on a flag that it does not know', () => {
    const bench = new Bench('v3')
    bench.answer(true)
    const actions = bench.plaintext(serialiseControlMessage('PUSH_REPLY,cipher AES-256-GCM,protocol-flags new'))
    expect(actions).toContainEqual({
      type: 'ended',
      outcome: { reason: 'protocol-error', code: 'unknown-protocol-flag' },
    })
    expect(types(actions).at(-1)).toBe('closed')
  })
})

it('the 2.4 line hears the first message of a record only, later lines hear all', () => {
  const heard = (line: ClientLine): string[] => {
    const bench = new Bench(line)
    bench.answer(true)
    return types(bench.plaintext(INFO, PUSH_REPLY)).filter((type) => type !== 'drop')
  }
  expect(heard('2.4')).toEqual(['info'])
  expect(heard('2.6')).toEqual(['info', 'install-keys', 'connected'])
})

describe('packets that are not for this client', () => {
  it('are dropped, each for its reason', () => {
    const bench = new Bench('2.6')
    const datagram = (bytes: Uint8Array): string[] => reasons(bench.handle({ type: 'datagram', bytes }))
    expect(datagram(new Uint8Array(5))).toEqual(['too-short'])
    expect(datagram(new Uint8Array(60).fill(0x38))).toEqual(['bad-opcode'])
    expect(datagram(new Uint8Array(60).fill(0x40))).toEqual(['bad-wrap'])
    expect(datagram(new Uint8Array(60).fill(0x20))).toEqual(['unexpected'])
    expect(reasons(bench.packet(OPCODE.hardResetServerV2, [], 0))).toEqual(['unexpected'])
    bench.packet(OPCODE.hardResetServerV2, [0], 0)
    expect(datagram(new Uint8Array(60).fill(0x20))).toEqual(['bad-session-id'])
    expect(reasons(bench.packet(OPCODE.control, [], 40))).toEqual(['window-exceeded'])
    expect(reasons(bench.packet(OPCODE.control, [], 0))).toEqual(['bad-message-id'])
    expect(reasons(bench.packet(OPCODE.control, [9], 1))).toEqual(['bad-ack'])
    expect(reasons(bench.packet(OPCODE.control, [0, 0, 0, 0, 0], 1))).toEqual(['too-many-acks'])
    expect(reasons(bench.packet(OPCODE.softReset, [], 0))).toEqual(['bad-message-id'])
  })

  it('bring nothing but a drop once it has closed', () => {
    const bench = new Bench('2.6')
    expect(types(bench.handle({ type: 'peer-gone' })).at(-1)).toBe('closed')
    expect(bench.packet(OPCODE.hardResetServerV2, [0], 0)).toEqual([{ type: 'drop', reason: 'session-closed' }])
    for (const input of [{ type: 'timer' }, { type: 'renegotiate' }, { type: 'leave' }] as const) {
      expect(bench.handle(input)).toEqual([])
    }
  })
})

it('gives up after a minute without an answer, and asks to be woken no more', () => {
  const bench = new Bench('2.6')
  expect(types(bench.handle({ type: 'timer' }, 59_000))).not.toContain('ended')
  expect(types(bench.handle({ type: 'timer' }, 60_000))).toEqual(['ended', 'closed'])
})

it('asks for few timers: none for packets that need none earlier', () => {
  const scene: Scene = makeScene()
  scene.connect()
  scene.simulation.pass(5_000)
  const { client } = scene
  const before = client.of('timer').length
  client.say('PUSH_REQUEST')
  scene.simulation.pass(1_000)
  client.say('PUSH_REQUEST')
  scene.simulation.pass(1_000)
  expect(client.of('timer').length - before).toBeLessThanOrEqual(2)
  scene.simulation.pass(600_000)
  const idle = client.of('timer').length
  scene.simulation.pass(3_600_000)
  expect(client.of('timer')).toHaveLength(idle)
})

it('never throws and ends at most once, whatever comes in', () => {
  const noise = fc.uint8Array({ maxLength: 200 })
  const keyId = fc.constantFrom<0 | 1>(0, 1)
  const inputs = fc.oneof(
    noise.map((bytes): ClientInput => ({ type: 'datagram', bytes })),
    fc.tuple(keyId, noise).map(([id, bytes]): ClientInput => ({ type: 'tls-plaintext', keyId: id, bytes })),
    fc.tuple(keyId, noise).map(([id, bytes]): ClientInput => ({ type: 'tls-ciphertext', keyId: id, bytes })),
    keyId.map((id): ClientInput => ({ type: 'tls-established', keyId: id, keyMaterial: keyMaterial() })),
    keyId.map((id): ClientInput => ({ type: 'key-used', keyId: id })),
    fc
      .string({ maxLength: 40, unit: fc.constantFrom(...'PUSH_REPLYDAT,:[]0 '.split('')) })
      .map((text): ClientInput => ({ type: 'tls-plaintext', keyId: 0, bytes: serialiseControlMessage(text) })),
    fc.constantFrom<ClientInput>({ type: 'timer' }, { type: 'renegotiate' }, { type: 'respond', response: 'x' }),
    { weight: 1, arbitrary: fc.constantFrom<ClientInput>({ type: 'leave' }, { type: 'peer-gone' }) },
  )
  const lines = fc.constantFrom<ClientLine>('2.4', '2.6', 'v3')
  fc.assert(
    fc.property(lines, fc.nat(2), fc.array(inputs, { maxLength: 40, size: 'max' }), (line, progress, steps) => {
      const bench = new Bench(line)
      if (progress > 0) bench.answer(true)
      if (progress > 1) bench.plaintext(PUSH_REPLY)
      const actions = steps.flatMap((input, index) => bench.handle(input, index * 500))
      expect(actions.filter(({ type }) => type === 'ended').length).toBeLessThanOrEqual(1)
      expect(actions.filter(({ type }) => type === 'closed').length).toBeLessThanOrEqual(1)
      const closedAt = actions.findIndex(({ type }) => type === 'closed')
      if (closedAt >= 0) expect(new Set(types(actions.slice(closedAt + 1)))).not.toContain('send')
      for (const reason of reasons(actions)) expect(CLIENT_DROP_REASONS).toContain(reason)
    }),
    { numRuns: 200 },
  )
})
