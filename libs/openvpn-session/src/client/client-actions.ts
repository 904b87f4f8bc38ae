import type { KeyId } from '@sallyport/openvpn-wire'

import type { SessionAction, TlsKeyMaterial } from '../actions.ts'
import type { PulledConfiguration } from './pulled-configuration.ts'

/** Everything a client session can be told. Bytes handed in are not kept beyond the call unless copied. */
export type ClientInput =
  | { readonly type: 'datagram'; readonly bytes: Uint8Array }
  | { readonly type: 'timer' }
  | { readonly type: 'tls-ciphertext'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  /** One TLS record of plaintext an input: where records end matters to some clients. */
  | { readonly type: 'tls-plaintext'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  | { readonly type: 'tls-established'; readonly keyId: KeyId; readonly keyMaterial: TlsKeyMaterial }
  | { readonly type: 'tls-failed'; readonly keyId: KeyId; readonly code: string }
  /** The engine opened a first packet with this key: the server has it, so sealing may move to it. */
  | { readonly type: 'key-used'; readonly keyId: KeyId }
  /** Begin a renegotiation unless one is under way: a key is near a limit, or its time is up. */
  | { readonly type: 'renegotiate' }
  /** The user's answer to a question that was asked in the middle of connecting. */
  | { readonly type: 'respond'; readonly response: string }
  /** The user disconnects: the server is told if it understands that. */
  | { readonly type: 'leave' }
  /** Nothing came from the server for too long, or the TCP connection is gone. */
  | { readonly type: 'peer-gone' }

type Shared = 'send' | 'tls-deliver' | 'tls-write' | 'tls-stop' | 'install-keys' | 'swap-keys' | 'timer' | 'closed'

/** Everything a client session can ask of its host, in the order in which it must be done. */
export type ClientAction =
  /** As for a server's session; the directions of `install-keys` are the client's, and `timer` may fire early. */
  | Extract<SessionAction, { type: Shared }>
  /** Create a TLS client engine for this key state. */
  | { readonly type: 'tls-start'; readonly keyId: KeyId }
  /** The configuration is complete and its keys are installed; data may flow. */
  | { readonly type: 'connected'; readonly configuration: PulledConfiguration }
  /** The server changed options of a running connection; all that hold from here on. */
  | { readonly type: 'updated'; readonly options: readonly string[] }
  /** The server wants something more than credentials; with a dialogue, the user has to act. */
  | {
      readonly type: 'pending'
      readonly timeoutSeconds: number | undefined
      readonly dialogue: PendingDialogue | undefined
    }
  /** Something for the user to read. */
  | { readonly type: 'info'; readonly message: string }
  /** A packet or message was ignored; `reason` is counted. */
  | { readonly type: 'drop'; readonly reason: ClientDropReason }
  /** The connection is over; what to do next follows from the outcome. */
  | { readonly type: 'ended'; readonly outcome: ClientOutcome }

/** What a server asks while an authentication is pending: an answer to type, or a page to visit. */
export type PendingDialogue =
  | { readonly kind: 'text'; readonly prompt: string; readonly echo: boolean }
  | { readonly kind: 'web'; readonly url: string }

/** A question that is answered by connecting again (AUTH_FAILED,CRV1). */
export interface DynamicChallenge {
  readonly stateId: string
  readonly username: string
  readonly prompt: string
  readonly echo: boolean
  readonly responseRequired: boolean
}

/** Where a client tries next. */
export type Advance = 'no' | 'addr' | 'remote'

/** How a connection of a client ended. */
export type ClientOutcome =
  | { readonly reason: 'left' | 'peer-gone' | 'handshake-timeout' | 'server-exit' }
  | { readonly reason: 'tls-failed'; readonly code: string }
  | { readonly reason: 'protocol-error'; readonly code: ProtocolErrorCode }
  | { readonly reason: 'halt'; readonly message: string }
  /** `preserve` asks the client to keep its session token and cached password. */
  | { readonly reason: 'restart'; readonly message: string; readonly preserve: boolean; readonly nextRemote: boolean }
  | {
      readonly reason: 'refused'
      readonly message: string
      readonly sessionExpired: boolean
      readonly temporary: { readonly backoffSeconds: number | undefined; readonly advance: Advance } | undefined
      readonly challenge: DynamicChallenge | undefined
    }

/** What a server did that no client can go on with. Closed list. */
export const PROTOCOL_ERROR_CODES = [
  'bad-key-method',
  'no-usable-cipher',
  'unknown-protocol-flag',
  'no-data-keys',
  'update-refused',
  'too-much-output',
] as const
export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[number]

/** Why a client ignored something. Closed list; each is a counter and has a test. */
export const CLIENT_DROP_REASONS = [
  'too-short',
  'bad-opcode',
  'bad-session-id',
  'bad-wrap',
  'replayed-wrap',
  'malformed',
  'bad-message-id',
  'bad-ack',
  'too-many-acks',
  'bad-key-id',
  'bad-early-negotiation',
  'window-exceeded',
  'duplicate',
  'unexpected',
  'bad-control-message',
  /** More than one message, or something beside it, in one TLS record. */
  'several-messages-in-record',
  /** A message without the NUL at its end. */
  'unfinished-message',
  /** The server spoke before it had acknowledged this client's key method 2. */
  'message-before-active',
  'unknown-message',
  'session-closed',
] as const
export type ClientDropReason = (typeof CLIENT_DROP_REASONS)[number]
