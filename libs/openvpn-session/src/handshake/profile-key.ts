import { decodeMetadata, OPCODE, unwrapClientKey } from '@sallyport/openvpn-wire'

import type { ClientIdentity, SessionDropReason } from '../actions.ts'
import { tlsCryptKeys, tlsCryptMode } from '../wrap/tls-crypt.ts'
import type { OpenedWrap, WrapMode } from '../wrap/wrap-mode.ts'
import type { InitialWork } from './initial-limits.ts'
import type { InitialQuestion } from './initial-question.ts'
import type { ServerContext } from './server-context.ts'
import { MAX_STATIC_KEYS, openWithStaticKeys, staticKeyMode } from './static-keys.ts'
import type { RememberedKey } from './wrapped-key-memory.ts'

/** A packet that is authentic under the key of a profile. */
export interface AuthenticPacket {
  readonly opened: OpenedWrap
  /** The profile's 256 bytes, a copy that belongs to whoever takes the packet. */
  readonly key: Uint8Array
  /** How this key wraps; it reads the copy. */
  readonly mode: WrapMode
  readonly identity: ClientIdentity
}

/** How many keys may have to be tried on a question. Zero when there is none to try. */
export function workOf(
  { staticKeys }: ServerContext,
  { opcode, wrappedKey }: InitialQuestion,
  remembered: RememberedKey | undefined,
): InitialWork {
  const isNamed = wrappedKey !== undefined || (remembered !== undefined && opcode !== OPCODE.hardResetClientV2)
  if (isNamed) return { search: 'wrapped', keys: 1 }
  return { search: 'static', keys: Math.min(staticKeys.length, MAX_STATIC_KEYS) }
}

/** Finds the key that a packet was wrapped with: inside it, in the memory of an earlier packet, or among the static ones. */
export function openInitialQuestion(
  context: ServerContext,
  question: InitialQuestion,
  remembered: RememberedKey | undefined,
): AuthenticPacket | SessionDropReason {
  if (question.wrappedKey !== undefined) return openWithWrappedKey(context, question.packet, question.wrappedKey)
  if (remembered !== undefined && question.opcode !== OPCODE.hardResetClientV2) {
    return openWithKey(context, question.packet, Uint8Array.from(remembered.key), remembered.identity)
  }
  const found = openWithStaticKeys(context.suite, context.staticKeys, question.packet)
  if (found === undefined) return 'bad-wrap'
  const key = Uint8Array.from(found.staticKey.key)
  const identity = { tenantId: found.staticKey.tenantId, deviceId: undefined }
  return { opened: found.opened, key, mode: staticKeyMode(context.suite, found.staticKey, key), identity }
}

function openWithWrappedKey(
  context: ServerContext,
  packet: Uint8Array,
  wrappedKey: Uint8Array,
): AuthenticPacket | SessionDropReason {
  const unwrapped = unwrapClientKey(context.suite, context.tlsCryptV2ServerKey, wrappedKey)
  if (unwrapped === undefined) return 'bad-wkc'
  const identity = decodeMetadata(unwrapped.metadata)
  return identity === undefined ? 'bad-wkc' : openWithKey(context, packet, unwrapped.key, identity)
}

function openWithKey(
  { suite }: ServerContext,
  packet: Uint8Array,
  key: Uint8Array,
  identity: ClientIdentity,
): AuthenticPacket | SessionDropReason {
  const mode = tlsCryptMode(suite, tlsCryptKeys(key, 'server'))
  const opened = mode.open(packet)
  return opened === undefined ? 'bad-wrap' : { opened, key, mode, identity }
}
