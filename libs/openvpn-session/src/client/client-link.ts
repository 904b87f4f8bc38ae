import { concatBytes } from '@sallyport/foundation'
import {
  CONTROL_HEADER_BYTES,
  type ControlBody,
  type KeyId,
  OPCODE,
  type Opcode,
  parseControlBody,
  parseControlHeader,
  sameSessionId,
  serialiseControlBody,
  serialiseControlHeader,
  type SessionId,
} from '@sallyport/openvpn-wire'

import type { Wrapping } from '../wrap/wrapping.ts'
import type { ClientDropReason } from './client-actions.ts'

const OPCODES_FROM_SERVER: readonly Opcode[] = [OPCODE.hardResetServerV2, OPCODE.softReset, OPCODE.control, OPCODE.ack]
/** Some peers drop packets that carry a message and more acks than this; this client is as strict. */
const MAX_PIGGYBACKED_ACKS = 4

/** A control packet of the server: authentic, well formed, meant for this session. */
export interface PacketFromServer {
  readonly type: 'packet'
  readonly opcode: Opcode
  readonly keyId: KeyId
  readonly replayed: boolean
  readonly body: ControlBody
}

type Drop = { readonly type: 'drop'; readonly reason: ClientDropReason }

/** Turns a client's packets into bytes and back, and learns the server's session id from its first authentic packet. */
export class ClientLink {
  readonly localSessionId: SessionId
  readonly #original: Wrapping
  readonly #wrappedKey: Uint8Array
  #renegotiated: Wrapping | undefined
  #renegotiatedForAll = false
  #remoteSessionId: SessionId | undefined

  /** `wrappedKey` goes in clear behind the packets that need it; empty without tls-crypt-v2. */
  constructor(localSessionId: SessionId, wrapping: Wrapping, wrappedKey: Uint8Array) {
    this.localSessionId = localSessionId
    this.#original = wrapping
    this.#wrappedKey = wrappedKey
  }

  /** `undefined` until the server has answered. */
  get remoteSessionId(): SessionId | undefined {
    return this.#remoteSessionId
  }

  /** From here on packets of renegotiated key states use this wrapping. */
  wrapRenegotiationsWith(wrapping: Wrapping): void {
    this.#renegotiated ??= wrapping
  }

  /** Wraps every packet as those of a renegotiation, whatever its key id. */
  wrapAllAlike(): void {
    this.#renegotiatedForAll = this.#renegotiated !== undefined
  }

  /** Wraps one packet to the server. */
  seal(opcode: Opcode, keyId: KeyId, body: Omit<ControlBody, 'remoteSessionId'>): Uint8Array {
    const header = serialiseControlHeader({ opcode, keyId, sessionId: this.localSessionId })
    const wrapping = keyId === 0 && !this.#renegotiatedForAll ? this.#original : this.#forRenegotiations
    const packet = wrapping.seal(header, serialiseControlBody({ ...body, remoteSessionId: this.#remoteSessionId }))
    const carriesKey = opcode === OPCODE.hardResetClientV3 || opcode === OPCODE.controlWkc
    return carriesKey ? concatBytes([packet, this.#wrappedKey]) : packet
  }

  /** Opens a packet, in the order length, head, authenticity, form; replays are only marked. */
  open(bytes: Uint8Array): PacketFromServer | Drop {
    if (bytes.length <= CONTROL_HEADER_BYTES) return drop('too-short')
    const header = parseControlHeader(bytes)
    if (header === undefined || !OPCODES_FROM_SERVER.includes(header.opcode)) return drop('bad-opcode')
    const { opcode, keyId, sessionId } = header
    if (this.#remoteSessionId !== undefined && !sameSessionId(this.#remoteSessionId, sessionId)) {
      return drop('bad-session-id')
    }
    // Packets of an earlier conversation under the same key must not use up the numbers of this one.
    if (this.#remoteSessionId === undefined && opcode !== OPCODE.hardResetServerV2) return drop('unexpected')
    const unwrapped = (keyId === 0 ? this.#original : this.#forRenegotiations).open(bytes)
    if (unwrapped === undefined) return drop('bad-wrap')
    const body = parseControlBody(opcode, unwrapped.body)
    if (body === undefined) return drop('malformed')
    if (body.remoteSessionId !== undefined && !sameSessionId(this.localSessionId, body.remoteSessionId)) {
      return drop('bad-session-id')
    }
    if (body.messageId !== undefined && body.acks.length > MAX_PIGGYBACKED_ACKS) return drop('too-many-acks')
    if (!isFittingMessageId(opcode, keyId, body.messageId)) return drop('bad-message-id')
    // The answer to this client's reset acknowledges it.
    if (this.#remoteSessionId === undefined && !body.acks.includes(0)) return drop('unexpected')
    this.#remoteSessionId ??= sessionId
    return { type: 'packet', opcode, keyId, replayed: unwrapped.replayed, body }
  }

  get #forRenegotiations(): Wrapping {
    return this.#renegotiated ?? this.#original
  }
}

/** Message 0 is a reset and nothing else. */
function isFittingMessageId(opcode: Opcode, keyId: KeyId, messageId: number | undefined): boolean {
  if (opcode === OPCODE.hardResetServerV2) return messageId === 0 && keyId === 0
  if (opcode === OPCODE.softReset) return messageId === 0 && keyId !== 0
  return messageId !== 0
}

function drop(reason: ClientDropReason): Drop {
  return { type: 'drop', reason }
}
