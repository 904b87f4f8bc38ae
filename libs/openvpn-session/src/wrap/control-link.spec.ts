import { concatBytes } from '@sallyport/foundation'
import {
  type KeyId,
  nodeCryptoSuite as suite,
  OPCODE,
  type Opcode,
  serialiseControlBody,
  serialiseControlHeader,
  type SessionId,
  toSessionId,
} from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Transport } from '../remote-address.ts'
import { ControlLink } from './control-link.ts'
import { tlsAuthKeys, tlsAuthMode } from './tls-auth.ts'
import { sealTlsCrypt, tlsCryptKeys } from './tls-crypt.ts'
import { CountedWrapping, TlsCryptWrapping } from './wrapping.ts'

const ORIGINAL = suite.randomBytes(256)
const DYNAMIC = suite.randomBytes(256)
const SERVER = sessionId(1)
const CLIENT = sessionId(2)

function sessionId(byte: number): SessionId {
  const id = toSessionId(new Uint8Array(8).fill(byte))
  if (id === undefined) throw new RangeError('a session id is not zero')
  return id
}

function makeLink(transport: Transport = 'udp'): ControlLink {
  const wrapping = new TlsCryptWrapping(suite, tlsCryptKeys(ORIGINAL, 'server'), { id: 0, timeSeconds: 1 }, transport)
  return new ControlLink({ local: SERVER, remote: CLIENT }, wrapping, transport)
}

function makeRenegotiatedLink(): ControlLink {
  const link = makeLink()
  link.wrapRenegotiationsWith(new TlsCryptWrapping(suite, tlsCryptKeys(DYNAMIC, 'server'), { id: 0, timeSeconds: 1 }))
  return link
}

interface Fields {
  readonly opcode?: Opcode
  readonly keyId?: KeyId
  readonly key?: Uint8Array
  readonly sender?: SessionId
  readonly receiver?: SessionId
  readonly replayId?: number
}

function packet({
  opcode = OPCODE.control,
  keyId = 0,
  key = ORIGINAL,
  sender = CLIENT,
  receiver = SERVER,
  replayId = 7,
}: Fields = {}) {
  const header = serialiseControlHeader({ opcode, keyId, sessionId: sender })
  const body = { acks: [0], remoteSessionId: receiver, messageId: 1, payload: Uint8Array.of(9) }
  const replay = { id: replayId, timeSeconds: 1 }
  return sealTlsCrypt(suite, tlsCryptKeys(key, 'client'), header, replay, serialiseControlBody(body))
}

function outcome(link: ControlLink, bytes: Uint8Array): string {
  const result = link.open(bytes)
  return result.type === 'drop' ? result.reason : result.replayed ? 'replayed' : 'taken'
}

it.each<[string, Uint8Array]>([
  ['too-short', packet().subarray(0, 48)],
  ['bad-opcode', packet().with(0, 0xf8)],
  ['bad-opcode', packet().with(0, 0x48)],
  ['bad-session-id', packet({ sender: sessionId(3) })],
  ['bad-session-id', packet({ receiver: sessionId(3) })],
  ['unexpected', packet({ opcode: OPCODE.hardResetClientV3 })],
  ['unexpected', packet({ opcode: OPCODE.hardResetServerV2 })],
  ['bad-key-id', packet({ opcode: OPCODE.controlWkc, keyId: 1 })],
  ['bad-wkc', packet({ opcode: OPCODE.controlWkc })],
  ['bad-wrap', packet({ key: DYNAMIC })],
  ['malformed', packet({ opcode: OPCODE.ack })],
])('drops: %s', (reason, bytes) => {
  expect(outcome(makeLink(), bytes)).toBe(reason)
})

it('marks a packet that comes again', () => {
  const link = makeLink()
  expect(outcome(link, packet())).toBe('taken')
  expect(outcome(link, packet())).toBe('replayed')
})

it('cuts a repeated wrapped key off', () => {
  const wrappedKey = new Uint8Array(290).with(-2, 290 >> 8).with(-1, 290 & 0xff)
  expect(outcome(makeLink(), concatBytes([packet({ opcode: OPCODE.controlWkc }), wrappedKey]))).toBe('taken')
})

it('takes renegotiations only under the dynamic key once there is one, and key id 0 under both', () => {
  expect(outcome(makeLink(), packet({ keyId: 1 }))).toBe('taken')
  expect(outcome(makeRenegotiatedLink(), packet({ keyId: 1 }))).toBe('bad-wrap')
  expect(outcome(makeRenegotiatedLink(), packet({ keyId: 1, key: DYNAMIC }))).toBe('taken')
  expect(outcome(makeRenegotiatedLink(), packet({ keyId: 0 }))).toBe('taken')
  expect(outcome(makeRenegotiatedLink(), packet({ keyId: 0, key: DYNAMIC }))).toBe('taken')
})

it('keeps its first dynamic key', () => {
  const link = makeRenegotiatedLink()
  link.wrapRenegotiationsWith(new TlsCryptWrapping(suite, tlsCryptKeys(ORIGINAL, 'server'), { id: 0, timeSeconds: 1 }))
  expect(outcome(link, packet({ keyId: 1, key: DYNAMIC }))).toBe('taken')
})

it('never throws on random bytes', () => {
  const link = makeRenegotiatedLink()
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 400 }), (first, rest) => {
      const bytes = concatBytes([Uint8Array.of(first), CLIENT, rest])
      expect(link.open(bytes).type).toBe('drop')
    }),
  )
})

it('speaks tls-auth as well, whose packets may be shorter', () => {
  const mode = (role: 'server' | 'client') => tlsAuthMode(suite, tlsAuthKeys(ORIGINAL, 'SHA1', role))
  const wrapping = new CountedWrapping(mode('server'), { id: 0, timeSeconds: 1 }, 'udp')
  const link = new ControlLink({ local: SERVER, remote: CLIENT }, wrapping, 'udp')
  const header = serialiseControlHeader({ opcode: OPCODE.ack, keyId: 0, sessionId: CLIENT })
  const body = { acks: [0], remoteSessionId: SERVER, messageId: undefined, payload: new Uint8Array(0) }
  const bytes = mode('client').seal(header, { id: 7, timeSeconds: 1 }, serialiseControlBody(body))
  expect(bytes.length).toBe(50)
  expect(outcome(link, bytes.with(-1, 9))).toBe('bad-wrap')
  expect(outcome(link, bytes)).toBe('taken')
  expect(outcome(link, bytes.subarray(0, 36))).toBe('too-short')
})

describe('on a stream', () => {
  it('takes packets in their order only, and what is out of order is fatal', () => {
    const link = makeLink('tcp')
    expect(outcome(link, packet({ replayId: 7 }))).toBe('taken')
    expect(outcome(link, packet({ replayId: 8 }))).toBe('taken')
    for (const replayId of [8, 7, 10]) {
      expect(link.open(packet({ replayId }))).toEqual({ type: 'drop', reason: 'replayed-wrap', fatal: true })
    }
  })

  it.each<[string, Uint8Array]>([
    ['too-short', packet().subarray(0, 48)],
    ['bad-opcode', packet().with(0, 0xf8)],
    ['bad-wkc', packet({ opcode: OPCODE.controlWkc })],
    ['bad-wrap', packet({ key: DYNAMIC })],
    ['malformed', packet({ opcode: OPCODE.ack })],
  ])('finds it fatal when a packet is %s, which loss cannot explain', (reason, bytes) => {
    expect(makeLink('tcp').open(bytes)).toEqual({ type: 'drop', reason, fatal: true })
    expect(makeLink('udp').open(bytes)).toEqual({ type: 'drop', reason, fatal: false })
  })

  it('does not find a packet of another session fatal', () => {
    const expected = { type: 'drop', reason: 'bad-session-id', fatal: false }
    expect(makeLink('tcp').open(packet({ sender: sessionId(3) }))).toEqual(expected)
  })
})
