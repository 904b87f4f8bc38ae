import { concatBytes } from '@sallyport/foundation'
import {
  createClientKey,
  encodeMetadata,
  type KeyId,
  nodeCryptoSuite as suite,
  OPCODE,
  type Opcode,
  serialiseControlBody,
  serialiseControlHeader,
  type SessionId,
  toSessionId,
} from '@sallyport/openvpn-wire'

import { InitialLimits } from '../handshake/initial-limits.ts'
import { answerInitialPacket } from '../handshake/initial-packet.ts'
import type { ServerContext } from '../handshake/server-context.ts'
import type { StaticKey } from '../handshake/static-keys.ts'
import { WrappedKeyMemory } from '../handshake/wrapped-key-memory.ts'
import type { RemoteAddress } from '../remote-address.ts'
import { tlsAuthKeys, tlsAuthMode } from '../wrap/tls-auth.ts'
import { tlsCryptKeys, tlsCryptMode } from '../wrap/tls-crypt.ts'
import type { WrapMode } from '../wrap/wrap-mode.ts'

/** Where the packets come from unless a test says otherwise. */
export const ADDRESS: RemoteAddress = { transport: 'udp', address: '192.0.2.7', port: 40000, localPort: 1194 }
/** When they come. */
export const NOW_MS = 1_750_000_000_000
/** The session id of the client that sends them. */
export const CLIENT = sessionIdOf(1, 2, 3, 4, 5, 6, 7, 8)
/** The first bytes of its TLS. */
export const CLIENT_HELLO = Uint8Array.of(22, 3, 1)
/** Where clients that can send their wrapped key twice begin to count. */
export const EARLY_NEGOTIATION_ID = 0x0f000001

const DEVICE = { tenantId: '11111111-2222-4333-8444-555555555555', deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' }

/** Builds a session id; throws when it is none. */
export function sessionIdOf(...bytes: readonly number[]): SessionId {
  const id = toSessionId(Uint8Array.from(bytes))
  if (id === undefined) throw new RangeError('a session id is eight bytes, not all zero')
  return id
}

/** A server that has met nobody. */
export function makeContext(changes: Partial<ServerContext> = {}): ServerContext {
  return {
    suite,
    tlsCryptV2ServerKey: suite.randomBytes(128),
    cookieKeys: [{ validFromMs: 0, key: suite.randomBytes(32) }],
    staticKeys: [],
    limits: new InitialLimits(suite),
    wrappedKeys: new WrappedKeyMemory(),
    ...changes,
  }
}

/** One kind of profile as its client uses it. */
export interface Profile {
  readonly mode: WrapMode
  readonly resetOpcode: Opcode
  /** First number of the client's packets. */
  readonly firstReplayId: number
  readonly wrappedKey: Uint8Array
  readonly identity: { readonly tenantId: string; readonly deviceId: string | undefined }
}

/** A profile of tls-crypt-v2; clients up to 2.5 begin to count at 1. */
export function wrappedKeyProfile(context: ServerContext, firstReplayId = EARLY_NEGOTIATION_ID): Profile {
  const { key, wrappedKey } = createClientKey(suite, context.tlsCryptV2ServerKey, encodeMetadata(DEVICE))
  const mode = tlsCryptMode(suite, tlsCryptKeys(key, 'client'))
  return { mode, resetOpcode: OPCODE.hardResetClientV3, firstReplayId, wrappedKey, identity: DEVICE }
}

/** A profile with the static key of a tenant. */
export function staticKeyProfile(staticKey: StaticKey): Profile {
  const mode =
    staticKey.mode === 'tls-auth'
      ? tlsAuthMode(suite, tlsAuthKeys(staticKey.key, staticKey.digest, 'client'))
      : tlsCryptMode(suite, tlsCryptKeys(staticKey.key, 'client'))
  const identity = { tenantId: staticKey.tenantId, deviceId: undefined }
  return { mode, resetOpcode: OPCODE.hardResetClientV2, firstReplayId: 1, wrappedKey: new Uint8Array(0), identity }
}

/** What a packet says; a plain reset unless a test says otherwise. */
export interface PacketFields {
  readonly opcode?: Opcode
  readonly keyId?: KeyId
  readonly sessionId?: SessionId
  readonly acks?: readonly number[]
  readonly remoteSessionId?: SessionId | undefined
  readonly messageId?: number | undefined
  readonly payload?: Uint8Array
  readonly replayId?: number
  readonly timeSeconds?: number
  /** Everything behind the wrapping, instead of acks, message id and payload. */
  readonly body?: Uint8Array
  readonly wrappedKey?: Uint8Array
}

/** Builds a packet of a client with this profile. */
export function clientPacket(profile: Profile, fields: PacketFields = {}): Uint8Array {
  const { opcode = profile.resetOpcode, keyId = 0, sessionId = CLIENT, acks = [], remoteSessionId } = fields
  const { replayId = profile.firstReplayId, timeSeconds = NOW_MS / 1000, payload = new Uint8Array(0) } = fields
  const messageId = 'messageId' in fields ? fields.messageId : 0
  const body = fields.body ?? serialiseControlBody({ acks, remoteSessionId, messageId, payload })
  const header = serialiseControlHeader({ opcode, keyId, sessionId })
  const packet = profile.mode.seal(header, { id: replayId, timeSeconds }, body)
  const carriesKey = opcode === OPCODE.hardResetClientV3 || opcode === OPCODE.controlWkc
  return carriesKey ? concatBytes([packet, fields.wrappedKey ?? profile.wrappedKey]) : packet
}

/** Builds the packet that shows a cookie, with the first TLS bytes in it. */
export function proofPacket(profile: Profile, cookie: SessionId, fields: PacketFields = {}): Uint8Array {
  const sendsKeyAgain = profile.firstReplayId === EARLY_NEGOTIATION_ID
  const opcode = sendsKeyAgain ? OPCODE.controlWkc : OPCODE.control
  const replayId = profile.firstReplayId + 1
  const proof = { opcode, acks: [0], remoteSessionId: cookie, messageId: 1, payload: CLIENT_HELLO, replayId }
  return clientPacket(profile, { ...proof, ...fields })
}

/** Builds the bare acknowledgement with which clients up to 2.5 show a cookie. */
export function ackPacket(profile: Profile, cookie: SessionId, fields: PacketFields = {}): Uint8Array {
  return proofPacket(profile, cookie, {
    opcode: OPCODE.ack,
    messageId: undefined,
    payload: new Uint8Array(0),
    ...fields,
  })
}

/** Sends a reset and gives the answer; throws when there is none. */
export function answerTo(context: ServerContext, reset: Uint8Array, remote = ADDRESS, nowMs = NOW_MS): Uint8Array {
  const result = answerInitialPacket(context, remote, reset, nowMs)
  if (result.type !== 'answer') throw new RangeError('the reset is not answered')
  return result.bytes
}

/** Sends the profile's reset and gives the cookie of the answer. */
export function cookieFor(context: ServerContext, profile: Profile, remote = ADDRESS, nowMs = NOW_MS): SessionId {
  return sessionIdOf(...answerTo(context, clientPacket(profile), remote, nowMs).subarray(1, 9))
}

/** Says in one word what became of a packet: the drop reason, `answer` or `create`. */
export function outcomeOf(context: ServerContext, bytes: Uint8Array, remote = ADDRESS, nowMs = NOW_MS): string {
  const result = answerInitialPacket(context, remote, bytes, nowMs)
  return result.type === 'drop' ? result.reason : result.type
}
