import { concatBytes, equalBytes } from '@sallyport/foundation'
import {
  createClientKey,
  encodeMetadata,
  nodeCryptoSuite as suite,
  OPCODE,
  type Opcode,
  parseControlBody,
  parseControlHeader,
  parseResendWkc,
  serialiseControlBody,
  serialiseControlHeader,
  type SessionId,
  toSessionId,
} from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { METADATA, REMOTE } from '../testing/scene.ts'
import { openTlsCrypt, sealTlsCrypt, tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { answerInitialPacket, type ServerContext } from './initial-packet.ts'

const CONTEXT: ServerContext = { suite, tlsCryptV2ServerKey: suite.randomBytes(128), cookieKey: suite.randomBytes(32) }
const KEY = createClientKey(suite, CONTEXT.tlsCryptV2ServerKey, encodeMetadata(METADATA))
const NOW_MS = 1_750_000_000_000
const CLIENT = sessionId(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
const CLIENT_HELLO = Uint8Array.of(22, 3, 1)

function sessionId(bytes: Uint8Array): SessionId {
  const id = toSessionId(bytes)
  if (id === undefined) throw new RangeError('a session id is eight bytes')
  return id
}

interface PacketFields {
  readonly opcode?: Opcode
  readonly acks?: readonly number[]
  readonly remoteSessionId?: SessionId
  readonly messageId?: number
  readonly replayId?: number
  readonly body?: Uint8Array
  readonly wrappedKey?: Uint8Array
}

function clientPacket(fields: PacketFields = {}): Uint8Array {
  const { opcode = OPCODE.hardResetClientV3, acks = [], remoteSessionId, messageId = 0, replayId = 0x0f000001 } = fields
  const payload = opcode === OPCODE.controlWkc ? CLIENT_HELLO : new Uint8Array(0)
  const body = fields.body ?? serialiseControlBody({ acks, remoteSessionId, messageId, payload })
  const header = serialiseControlHeader({ opcode, keyId: 0, sessionId: CLIENT })
  const packet = sealTlsCrypt(suite, tlsCryptKeys(KEY.key, 'client'), header, { id: replayId, timeSeconds: 1 }, body)
  return concatBytes([packet, fields.wrappedKey ?? KEY.wrappedKey])
}

const judge = (bytes: Uint8Array, nowMs = NOW_MS, context = CONTEXT, remote = REMOTE) => {
  const result = answerInitialPacket(context, remote, bytes, nowMs)
  return result.type === 'drop' ? result.reason : result.type
}

function answerTo(reset: Uint8Array): Uint8Array {
  const result = answerInitialPacket(CONTEXT, REMOTE, reset, NOW_MS)
  if (result.type !== 'answer') throw new RangeError('the reset is not answered')
  return result.bytes
}

const COOKIE = sessionId(answerTo(clientPacket()).subarray(1, 9))
const third = (fields: PacketFields = {}): Uint8Array =>
  clientPacket({ opcode: OPCODE.controlWkc, acks: [0], remoteSessionId: COOKIE, messageId: 1, ...fields })

describe('packets that are not answered', () => {
  const otherKey = createClientKey(suite, suite.randomBytes(128), encodeMetadata(METADATA))
  const foreignMetadata = createClientKey(suite, CONTEXT.tlsCryptV2ServerKey, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0))
  const reset = clientPacket()
  const cases: [string, Uint8Array][] = [
    ['too-short', reset.subarray(0, 48)],
    ['too-short', new Uint8Array(0)],
    ['bad-opcode', reset.with(0, 0x08)],
    ['bad-opcode', reset.with(0, 0xff)],
    ['unexpected', reset.with(0, 0x38)],
    ['unexpected', reset.with(0, 0x20)],
    ['unexpected', reset.with(0, 0x28)],
    ['unexpected', reset.with(0, 0x30)],
    ['unexpected', reset.with(0, 0x48)],
    ['bad-key-id', reset.with(0, 0x51)],
    ['bad-session-id', concatBytes([Uint8Array.of(0x50), new Uint8Array(8), reset.subarray(9)])],
    ['bad-wkc', clientPacket({ wrappedKey: otherKey.wrappedKey })],
    ['bad-wkc', reset.subarray(0, -1)],
    ['bad-wkc', reset.with(-2, 0xff)],
    ['bad-wrap', reset.with(20, (reset[20] ?? 0) ^ 1)],
    ['bad-wrap', reset.with(1, 9)],
    ['malformed', clientPacket({ body: Uint8Array.of(9) })],
    ['bad-message-id', clientPacket({ messageId: 1 })],
    ['no-early-negotiation', clientPacket({ replayId: 1 })],
  ]
  it.each(cases)('drops: %s', (reason, bytes) => {
    expect(judge(bytes)).toBe(reason)
  })

  it('drops a key whose metadata is not ours', () => {
    const header = serialiseControlHeader({ opcode: OPCODE.hardResetClientV3, keyId: 0, sessionId: CLIENT })
    const body = serialiseControlBody({
      acks: [],
      remoteSessionId: undefined,
      messageId: 0,
      payload: new Uint8Array(0),
    })
    const keys = tlsCryptKeys(foreignMetadata.key, 'client')
    const packet = sealTlsCrypt(suite, keys, header, { id: 0x0f000001, timeSeconds: 1 }, body)
    expect(judge(concatBytes([packet, foreignMetadata.wrappedKey]))).toBe('bad-wkc')
  })

  it('never throws on random bytes, behind any first byte', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 700 }), (first, rest) => {
        expect(['answer', 'create']).not.toContain(judge(concatBytes([Uint8Array.of(first), rest])))
      }),
    )
  })

  it('takes no changed bit of a reset or of the third packet', () => {
    for (const packet of [reset, third()]) {
      for (const [index, byte] of packet.entries()) {
        const outcome = judge(packet.with(index, byte ^ (1 << (index % 8))))
        if (outcome === 'answer' || outcome === 'create') expect.unreachable(`took a change at ${String(index)}`)
      }
    }
  })
})

describe('the third packet', () => {
  it('is refused without a cookie, with a wrong one and after its time', () => {
    expect(judge(third({ acks: [] }))).toBe('bad-cookie')
    expect(judge(third({ remoteSessionId: CLIENT }))).toBe('bad-cookie')
    expect(judge(third(), NOW_MS + 90_000)).toBe('bad-cookie')
    expect(judge(third(), NOW_MS, { ...CONTEXT, cookieKey: suite.randomBytes(32) })).toBe('bad-cookie')
    expect(judge(third(), NOW_MS, CONTEXT, { ...REMOTE, port: 1 })).toBe('bad-cookie')
  })

  it('opens no ghost of an earlier session with later ids', () => {
    expect(judge(third({ acks: [0, 2] }))).toBe('bad-ack')
    expect(judge(third({ messageId: 2 }))).toBe('bad-message-id')
    expect(judge(third({ messageId: 0 }))).toBe('bad-message-id')
  })

  it('opens a session on any server with the same keys and gives it the client hello', () => {
    const result = answerInitialPacket({ ...CONTEXT }, REMOTE, third(), NOW_MS + 59_000)
    if (result.type !== 'create') return expect.unreachable()
    expect(result.metadata).toEqual(METADATA)
    expect(result.actions.map(({ type }) => type)).toEqual(['tls-start', 'tls-deliver', 'send', 'timer'])
    expect(result.actions).toContainEqual({ type: 'tls-deliver', keyId: 0, bytes: CLIENT_HELLO })
    expect(result.session.owns(third())).toBe(true)
    expect(result.session.owns(third().with(1, 9))).toBe(false)
  })
})

describe('the answer to a reset', () => {
  it('acknowledges it under the cookie, asks for the wrapped key and is shorter than the question', () => {
    const reset = clientPacket()
    const answer = answerTo(reset)
    expect(answer.length).toBeLessThan(reset.length)
    const header = parseControlHeader(answer)
    expect(header).toMatchObject({ opcode: OPCODE.hardResetServerV2, keyId: 0 })
    const opened = openTlsCrypt(suite, tlsCryptKeys(KEY.key, 'client'), answer)
    const body = opened && parseControlBody(OPCODE.hardResetServerV2, opened.body)
    expect(opened?.replay.id).toBe(1)
    expect(body).toMatchObject({ acks: [0], messageId: 0 })
    expect(equalBytes(body?.remoteSessionId ?? new Uint8Array(0), CLIENT)).toBe(true)
    expect(parseResendWkc(body?.payload ?? new Uint8Array(0))).toBe(true)
  })

  it('has a time that is not later than that of the session, even when another server with a slower clock opens it', () => {
    const answered = openTlsCrypt(suite, tlsCryptKeys(KEY.key, 'client'), answerTo(clientPacket()))
    const slotStartMs = Math.floor(NOW_MS / 30_000) * 30_000
    const result = answerInitialPacket(CONTEXT, REMOTE, third(), slotStartMs)
    if (result.type !== 'create') return expect.unreachable()
    const send = result.actions.find((action) => action.type === 'send')
    const followed = openTlsCrypt(suite, tlsCryptKeys(KEY.key, 'client'), send?.bytes ?? new Uint8Array(0))
    expect(followed?.replay.id).toBe(2)
    expect(followed?.replay.timeSeconds).toBeGreaterThanOrEqual(answered?.replay.timeSeconds ?? Infinity)
  })
})
