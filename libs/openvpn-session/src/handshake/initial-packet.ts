import {
  type ControlBody,
  OPCODE,
  parseControlBody,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseResendWkc,
} from '@sallyport/openvpn-wire'

import type { ClientIdentity, SessionAction, SessionDropReason } from '../actions.ts'
import type { RemoteAddress } from '../remote-address.ts'
import { Session } from '../session.ts'
import { ControlLink } from '../wrap/control-link.ts'
import type { ReplayField } from '../wrap/wrap-mode.ts'
import { CountedWrapping } from '../wrap/wrapping.ts'
import { type InitialQuestion, readInitialQuestion } from './initial-question.ts'
import { type AuthenticPacket, openInitialQuestion, workOf } from './profile-key.ts'
import { cookieSlot, findCookieSlot, makeCookie, newestCookieKey, slotStartSeconds } from './psid-cookie.ts'
import type { ServerContext } from './server-context.ts'

/** What becomes of a packet from an address without a session. */
export type InitialPacketResult =
  /** Send these bytes back, then each of `again` in case they are lost, and remember nothing. */
  | { readonly type: 'answer'; readonly bytes: Uint8Array; readonly again: readonly Uint8Array[] }
  /** The client proved its address: a session was made and has taken the packet already. */
  | {
      readonly type: 'create'
      readonly session: Session
      readonly identity: ClientIdentity
      readonly actions: readonly SessionAction[]
    }
  /** Nothing is answered. */
  | { readonly type: 'drop'; readonly reason: SessionDropReason }

/** A question with the authentic packet in it, and where it came from. */
interface Asked extends AuthenticPacket {
  readonly remote: RemoteAddress
  readonly question: InitialQuestion
  readonly body: ControlBody
  readonly nowMs: number
}

/** Clients that can send their wrapped key twice begin to count their packets at this number. */
const EARLY_NEGOTIATION_MARK = 0x0f
/**
 * Who repeats its question sits behind a lossy path: it is answered so many times, as long as all answers together are
 * not longer than the question.
 */
const MAX_ANSWERS = 3
/** The highest message id of a client that has heard only our reset. */
const LAST_INITIAL_ID = 1

/**
 * Judges a packet from an address without a session, by the stateless three-way handshake: a reset is answered with a
 * cookie as session id, the packet that shows the cookie opens a session, and anything that is not authentic under a
 * profile's key gets no answer at all. The order is length, opcode, form, rate limit, and only then keys.
 */
export function answerInitialPacket(
  context: ServerContext,
  remote: RemoteAddress,
  bytes: Uint8Array,
  nowMs: number,
): InitialPacketResult {
  const question = readInitialQuestion(bytes)
  if (typeof question === 'string') return drop(question)
  const { opcode, sessionId } = question
  const remembered = isReset(question) ? undefined : context.wrappedKeys.find(remote, sessionId, nowMs)
  const work = workOf(context, question, remembered)
  if (work.keys === 0) return drop('unexpected')
  if (context.cookieKeys.length === 0) return drop('no-cookie-key')
  const kind = isReset(question) ? 'reset' : context.limits.kindOfProof(remote, sessionId, nowMs)
  if (!context.limits.allow({ remote, sessionId }, kind, work, nowMs)) return drop('rate-limited')
  const packet = openInitialQuestion(context, question, remembered)
  if (typeof packet === 'string') return drop(packet)
  const body = parseControlBody(opcode, packet.opened.body)
  const asked = body && { ...packet, remote, question, body, nowMs }
  const result = asked === undefined ? drop('malformed') : judge(context, asked, bytes)
  if (result.type !== 'create') packet.key.fill(0)
  return result
}

function judge(context: ServerContext, asked: Asked, bytes: Uint8Array): InitialPacketResult {
  if (isReset(asked.question)) return answerReset(context, asked)
  return asked.body.acks.length === 0 ? repeatAnswer(context, asked) : createSession(context, asked, bytes)
}

function isReset({ opcode }: InitialQuestion): boolean {
  return opcode === OPCODE.hardResetClientV2 || opcode === OPCODE.hardResetClientV3
}

function answerReset(context: ServerContext, asked: Asked): InitialPacketResult {
  const { remote, question, body, nowMs } = asked
  if (body.messageId !== 0) return drop('bad-message-id')
  // On a stream a second answer would stand out of order, and none is needed.
  const answeredAtMs = context.limits.answeredAtMs(remote, question.sessionId, nowMs)
  if (remote.transport === 'tcp' && answeredAtMs !== undefined) return drop('duplicate')
  const refusal = refuseReset(context, asked)
  if (refusal !== undefined) return drop(refusal)
  context.limits.noteAnswer(remote, question.sessionId, nowMs)
  return answer(context, asked, nowMs)
}

/**
 * Clients up to 2.5 acknowledge the server's reset once, in a packet of its own. When that is lost their next message
 * comes without the cookie, and only the reset, coming again, makes them show it.
 */
function repeatAnswer(context: ServerContext, asked: Asked): InitialPacketResult {
  const { remote, question, body, nowMs } = asked
  const answeredAtMs = context.limits.answeredAtMs(remote, question.sessionId, nowMs)
  const isFirstMessage = question.opcode === OPCODE.control && body.messageId === LAST_INITIAL_ID
  if (answeredAtMs === undefined || !isFirstMessage || remote.transport === 'tcp') return drop('bad-cookie')
  const result = answer(context, asked, answeredAtMs)
  return result.type === 'answer' && result.bytes.length > question.bytes ? drop('bad-cookie') : result
}

/** Makes the stateless answer as of a time. It goes out more than once when the client had to repeat itself. */
function answer(context: ServerContext, asked: Asked, atMs: number): InitialPacketResult {
  const { remote, question, mode } = asked
  const cookieKey = newestCookieKey(context.cookieKeys, atMs)
  if (cookieKey === undefined) return drop('no-cookie-key')
  const slot = cookieSlot(atMs)
  const cookie = makeCookie(context.suite, cookieKey, slot, remote, question.sessionId)
  const header = serialiseControlHeader({ opcode: OPCODE.hardResetServerV2, keyId: 0, sessionId: cookie })
  const payload = canSendKeyAgain(asked) ? serialiseResendWkc() : new Uint8Array(0)
  const body = serialiseControlBody({ acks: [0], remoteSessionId: question.sessionId, messageId: 0, payload })
  const { id, timeSeconds } = nextReplay(asked, slot)
  const seal = (copy: number): Uint8Array => mode.seal(header, { id: id + copy, timeSeconds }, body)
  const bytes = seal(0)
  const copies = packetCount(asked) === 1 ? 1 : Math.min(MAX_ANSWERS, Math.floor(question.bytes / bytes.length))
  return { type: 'answer', bytes, again: Array.from({ length: Math.max(0, copies - 1) }, (_, copy) => seal(copy + 1)) }
}

/**
 * A client of tls-crypt-v2 that can send its key again gets an answer that is shorter than its question and leaves no
 * trace. Every other answer costs the server more: twelve bytes above the question, or a place in the memory of keys.
 */
function refuseReset(context: ServerContext, asked: Asked): SessionDropReason | undefined {
  const { remote, question, opened, key, identity, nowMs } = asked
  if (canSendKeyAgain(asked)) return undefined
  if (!context.limits.allowCostlyAnswer(question.sessionId, opened.replay, nowMs)) return 'replayed-reset'
  if (question.wrappedKey === undefined) return undefined
  const remembered = context.wrappedKeys.remember(remote, question.sessionId, { key, identity }, nowMs)
  return remembered ? undefined : 'rate-limited'
}

function canSendKeyAgain({ question, opened }: Asked): boolean {
  return question.wrappedKey !== undefined && opened.replay.id >>> 24 === EARLY_NEGOTIATION_MARK
}

function createSession(context: ServerContext, asked: Asked, bytes: Uint8Array): InitialPacketResult {
  const { remote, question, body, nowMs, key, mode, identity } = asked
  const { suite, cookieKeys } = context
  const cookie = body.remoteSessionId
  if (cookie === undefined) return drop('bad-cookie')
  const slot = findCookieSlot(suite, cookieKeys, nowMs, remote, question.sessionId, cookie)
  if (slot === undefined) return drop('bad-cookie')
  // Later ids belong to a session that is gone; they must not open a ghost of it.
  if (body.acks.some((id) => id > LAST_INITIAL_ID)) return drop('bad-ack')
  if (question.opcode !== OPCODE.ack && body.messageId !== LAST_INITIAL_ID) return drop('bad-message-id')
  const { id, timeSeconds } = nextReplay(asked, slot)
  const wrapping = new CountedWrapping(mode, { id: id - 1, timeSeconds }, remote.transport)
  const link = new ControlLink({ local: cookie, remote: question.sessionId }, wrapping, remote.transport)
  const session = new Session({ suite, link, identity, wrappingKey: key }, nowMs)
  return { type: 'create', session, identity, actions: session.handle({ type: 'datagram', bytes }, nowMs) }
}

/**
 * The replay field of the next packet to a client, known again to every server that sees its cookie. The time is that
 * of the cookie. On a stream the answer is packet 1 and nothing may be left out; elsewhere numbers go up with those of
 * the client's packets, with room for copies, so that no answer has the number of an earlier one.
 */
function nextReplay(asked: Asked, slot: number): ReplayField {
  const { transport } = asked.remote
  const answers = transport === 'tcp' ? (isReset(asked.question) ? 0 : 1) : (packetCount(asked) - 1) * MAX_ANSWERS
  return { id: 1 + answers, timeSeconds: slotStartSeconds(slot) }
}

/** Which of its client's packets this is, counted from 1; the mark of early negotiation is no part of the number. */
function packetCount({ opened }: Asked): number {
  return Math.max(1, opened.replay.id & 0xffffff)
}

function drop(reason: SessionDropReason): Extract<InitialPacketResult, { type: 'drop' }> {
  return { type: 'drop', reason }
}
