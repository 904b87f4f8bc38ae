import {
  type ClientMetadata,
  type ControlBody,
  type CryptoSuite,
  decodeMetadata,
  OPCODE,
  type Opcode,
  parseControlBody,
  parseControlHeader,
  parsePacketType,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseResendWkc,
  type SessionId,
  splitWrappedKey,
  unwrapClientKey,
} from '@sallyport/openvpn-wire'

import type { SessionAction, SessionDropReason } from '../actions.ts'
import { Session } from '../session.ts'
import { ControlLink } from '../wrap/control-link.ts'
import { MIN_TLS_CRYPT_BYTES, openTlsCrypt, type ReplayField, sealTlsCrypt, tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { TlsCryptWrapping } from '../wrap/wrapping.ts'
import { cookieSlot, isValidCookie, makeCookie, type RemoteAddress, slotStartSeconds } from './psid-cookie.ts'

/** What every server of a cluster shares; `suite` is how it computes. */
export interface ServerContext {
  readonly suite: CryptoSuite
  /** 128 bytes: opens the wrapped keys of all profiles. */
  readonly tlsCryptV2ServerKey: Uint8Array
  /** 32 bytes or more: authenticates cookies. */
  readonly cookieKey: Uint8Array
}

/** What becomes of a packet from an address without a session. */
export type InitialPacketResult =
  /** Send these bytes back and remember nothing. */
  | { readonly type: 'answer'; readonly bytes: Uint8Array }
  /** The client proved its address: a session was made and has taken the packet already. */
  | {
      readonly type: 'create'
      readonly session: Session
      readonly metadata: ClientMetadata
      readonly actions: readonly SessionAction[]
    }
  /** Nothing is answered. */
  | { readonly type: 'drop'; readonly reason: SessionDropReason }

interface FirstPacket {
  readonly opcode: Opcode
  readonly sessionId: SessionId
  readonly replay: ReplayField
  readonly body: ControlBody
  /** The 256-byte client key. */
  readonly key: Uint8Array
  readonly metadata: ClientMetadata
}

type Drop = Extract<InitialPacketResult, { type: 'drop' }>

/** Clients that can send their wrapped key twice begin to count their packets at this number. */
const EARLY_NEGOTIATION_MARK = 0x0f
/** The stateless answer is the first packet that a server wraps for a client. */
const ANSWER_REPLAY_ID = 1

/**
 * Judges a packet from an address without a session, as tls-crypt-v2 with the stateless three-way handshake has it: a
 * reset is answered with a cookie as session id, the packet that shows the cookie opens a session, and anything that is
 * not authentic under a key of this server gets no answer at all.
 */
export function answerInitialPacket(
  context: ServerContext,
  remote: RemoteAddress,
  bytes: Uint8Array,
  nowMs: number,
): InitialPacketResult {
  const packet = openFirstPacket(context, bytes)
  if ('type' in packet) return packet
  return packet.opcode === OPCODE.hardResetClientV3
    ? answerReset(context, remote, packet, nowMs)
    : createSession(context, remote, packet, bytes, nowMs)
}

/** Length, then opcode, then the wrapped key's tag, then the packet's tag, then the form. */
function openFirstPacket({ suite, tlsCryptV2ServerKey }: ServerContext, bytes: Uint8Array): FirstPacket | Drop {
  if (bytes.length < MIN_TLS_CRYPT_BYTES) return drop('too-short')
  const type = parsePacketType(bytes[0] ?? 0)
  if (type === undefined) return drop('bad-opcode')
  if (type.opcode !== OPCODE.hardResetClientV3 && type.opcode !== OPCODE.controlWkc) return drop('unexpected')
  if (type.keyId !== 0) return drop('bad-key-id')
  const header = parseControlHeader(bytes)
  if (header === undefined) return drop('bad-session-id')
  const split = splitWrappedKey(bytes, MIN_TLS_CRYPT_BYTES)
  const unwrapped = split && unwrapClientKey(suite, tlsCryptV2ServerKey, split.wrappedKey)
  if (unwrapped === undefined) return drop('bad-wkc')
  const opened = openTlsCrypt(suite, tlsCryptKeys(unwrapped.key, 'server'), split?.packet ?? bytes)
  if (opened === undefined) return drop('bad-wrap')
  const body = parseControlBody(header.opcode, opened.body)
  if (body === undefined) return drop('malformed')
  const metadata = decodeMetadata(unwrapped.metadata)
  if (metadata === undefined) return drop('bad-wkc')
  const { opcode, sessionId } = header
  return { opcode, sessionId, replay: opened.replay, body, key: unwrapped.key, metadata }
}

function answerReset(
  { suite, cookieKey }: ServerContext,
  remote: RemoteAddress,
  packet: FirstPacket,
  nowMs: number,
): InitialPacketResult {
  if (packet.body.messageId !== 0) return drop('bad-message-id')
  if (packet.replay.id >>> 24 !== EARLY_NEGOTIATION_MARK) return drop('no-early-negotiation')
  const slot = cookieSlot(nowMs)
  const cookie = makeCookie(suite, cookieKey, slot, remote, packet.sessionId)
  const header = serialiseControlHeader({ opcode: OPCODE.hardResetServerV2, keyId: 0, sessionId: cookie })
  const body = { acks: [0], remoteSessionId: packet.sessionId, messageId: 0, payload: serialiseResendWkc() }
  // The session's packets follow with the time of its creation. The slot's start is never later than that, not even
  // when another server with another clock takes the client's next packet.
  const replay = { id: ANSWER_REPLAY_ID, timeSeconds: slotStartSeconds(slot) }
  const keys = tlsCryptKeys(packet.key, 'server')
  const bytes = sealTlsCrypt(suite, keys, header, replay, serialiseControlBody(body))
  packet.key.fill(0)
  return { type: 'answer', bytes }
}

function createSession(
  { suite, cookieKey }: ServerContext,
  remote: RemoteAddress,
  packet: FirstPacket,
  bytes: Uint8Array,
  nowMs: number,
): InitialPacketResult {
  const { body, sessionId, key, metadata } = packet
  const cookie = body.remoteSessionId
  if (cookie === undefined) return drop('bad-cookie')
  if (!isValidCookie(suite, cookieKey, nowMs, remote, sessionId, cookie)) return drop('bad-cookie')
  // Later ids belong to a session that is gone; they must not open a ghost of it.
  if (body.acks.some((id) => id > 1)) return drop('bad-ack')
  if (body.messageId !== 1) return drop('bad-message-id')
  const last = { id: ANSWER_REPLAY_ID, timeSeconds: Math.floor(nowMs / 1000) }
  const wrapping = new TlsCryptWrapping(suite, tlsCryptKeys(key, 'server'), last)
  const link = new ControlLink({ local: cookie, remote: sessionId }, wrapping)
  const session = new Session({ suite, link, metadata, wrappingKey: key }, nowMs)
  return { type: 'create', session, metadata, actions: session.handle({ type: 'datagram', bytes }, nowMs) }
}

function drop(reason: SessionDropReason): Drop {
  return { type: 'drop', reason }
}
