import type { DataCipherName, KeyId, PeerInfo } from '@sallyport/openvpn-wire'

import type { ClientFamilyName } from './client-family.ts'
import type { PushConfiguration } from './push/configuration.ts'

/** Whose profile opened a session. */
export interface ClientIdentity {
  readonly tenantId: string
  /** `undefined` when the profile has a key that many devices share; then only the certificate names the device. */
  readonly deviceId: string | undefined
}

/** What the TLS engine learned about the client once the handshake of a key state finished. */
export interface TlsPeer {
  /** `undefined` when the chain is good; else the code of the first verification error, e.g. `CERT_HAS_EXPIRED`. */
  readonly verifyError: string | undefined
  /** SHA-256 of the DER certificate, lower-case hex; empty when the client sent none. */
  readonly certificateSha256: string
  /** Serial number, lower-case hex without leading zeros removed; empty when the client sent none. */
  readonly certificateSerial: string
  readonly commonName: string
}

/** Exporter output of one TLS handshake; the session owns and wipes the buffers. */
export interface TlsKeyMaterial {
  /** 256 bytes, label `EXPORTER-OpenVPN-datakeys`. */
  readonly dataKeys: Uint8Array
  /** 256 bytes, label `EXPORTER-OpenVPN-dynamic-tls-crypt`. */
  readonly dynamicTlsCrypt: Uint8Array
}

/**
 * A way to ask a user for more in the middle of connecting: refuse now and take the answer with the next attempt, ask
 * for a text while the client waits, or send the user to a web page while it waits.
 */
export type Dialogue = 'dynamic-challenge' | 'text' | 'web'

/** What a client said about itself in key method 2, as given to whoever decides on the connection. */
export interface AuthenticationRequest {
  readonly phase: 'initial' | 'renegotiation'
  readonly username: string
  readonly password: string
  readonly peerInfo: PeerInfo
  readonly peer: TlsPeer
  /** What this client can do; nothing in a renegotiation, where nobody may be watching. */
  readonly dialogues: readonly Dialogue[]
}

/** A decision that waits for the user. */
export interface PendingAuthentication {
  /** How long the user has; a client takes less than a minute as a minute, more than half an hour as half an hour. */
  readonly timeoutSeconds: number
  readonly method:
    | { readonly kind: 'text'; readonly prompt: string; readonly echo: boolean }
    | { readonly kind: 'web'; readonly url: string }
}

/** Terms under which a connection was allowed. */
export interface SessionGrant {
  readonly peerId: number
  /** What to push. Counts with the first grant of a session; later changes come as `push-update`. */
  readonly configuration: PushConfiguration
  /** Opaque session token for the client, ≤ 127 characters. */
  readonly authToken: string | undefined
  /** Whose token it is, when the client may have given another user name or none. */
  readonly authTokenUsername?: string
  /** Age of the current key at which the server begins a renegotiation; `undefined` leaves that to the client. */
  readonly renegotiateAfterMs: number | undefined
  /** When the connection ends and the client must sign in again; `undefined` for never. The newest grant, or `ends-at`, counts. */
  readonly endsAtMs: number | undefined
}

/**
 * Why a peer is refused. What more there is to say, the first of `challenge`, `sessionExpired` and `temporary`, reaches
 * only clients that understand it; the others are told the message alone.
 */
export interface Refusal {
  /** Stable code, counted: `wrong-password`, `otp-reused`, `pool-full`, … */
  readonly code: string
  /** The sentence that the user reads; printable ASCII without commas, ≤ 200 characters. */
  readonly message: string
  /** The client may come back with the user's answer to this; `stateId` is 1–64 characters of `[A-Za-z0-9_-]`. */
  readonly challenge?: {
    readonly stateId: string
    readonly username: string
    readonly prompt: string
    readonly echo: boolean
  }
  /** The session token has run out: the user must sign in again. */
  readonly sessionExpired?: true
  /** The client may come back with the same credentials, to the same address, the next one, or the next server. */
  readonly temporary?: { readonly backoffSeconds: number; readonly advance?: 'no' | 'addr' | 'remote' }
}

/** Everything a session can be told. Bytes handed in are not kept beyond the call unless copied. */
export type SessionInput =
  | { readonly type: 'datagram'; readonly bytes: Uint8Array }
  | { readonly type: 'timer' }
  | { readonly type: 'tls-ciphertext'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  | { readonly type: 'tls-plaintext'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  | {
      readonly type: 'tls-established'
      readonly keyId: KeyId
      readonly peer: TlsPeer
      readonly keyMaterial: TlsKeyMaterial
    }
  | { readonly type: 'tls-failed'; readonly keyId: KeyId; readonly code: string }
  | { readonly type: 'allowed'; readonly keyId: KeyId; readonly grant: SessionGrant }
  | { readonly type: 'refused'; readonly keyId: KeyId; readonly refusal: Refusal }
  /** The decision waits for the user: the client is asked, and its handshake may last longer. */
  | { readonly type: 'pending'; readonly keyId: KeyId; readonly pending: PendingAuthentication }
  /** What the client was given has changed. */
  | { readonly type: 'push-update'; readonly configuration: PushConfiguration }
  /** Something for the user to read; clients that have no place for it are not told. */
  | { readonly type: 'info'; readonly message: string }
  /** The engine opened a first packet with this key: the peer has it, so sealing may move to it. */
  | { readonly type: 'key-used'; readonly keyId: KeyId }
  /** The engine says that a key is near a limit of packets or bytes. */
  | { readonly type: 'key-limit'; readonly keyId: KeyId }
  /** The peer said goodbye on the data channel (OCC exit), or its keepalive ran out. */
  | { readonly type: 'peer-gone'; readonly reason: 'occ-exit' | 'keepalive-timeout' }
  /**
   * End the connection by order: the client is told, then the session closes. `advance` sends a client that
   * understands it to the next server of its profile; `exit` is a restart to clients that do not know it.
   */
  | {
      readonly type: 'end'
      readonly how: 'halt' | 'restart' | 'auth-failed' | 'exit'
      readonly reason: string
      readonly advance?: boolean
    }
  /** The connection ends at another time than was granted. `renew` makes new keys, with which the client gets a new token. */
  | { readonly type: 'ends-at'; readonly endsAtMs: number; readonly renew: boolean }

/** Inputs that mean nothing once their key state is gone. */
export type KeyStateInput = Exclude<Extract<SessionInput, { keyId: KeyId }>, { type: 'key-used' | 'key-limit' }>

/**
 * Directional AEAD material for the engine: keys with 8-byte implicit IVs, or the 32-byte secrets of epoch 1. The
 * receiver of the action wipes the buffers.
 */
export type DataKeys =
  | {
      readonly format: 'classic'
      readonly cipher: DataCipherName
      readonly sealKey: Uint8Array
      readonly sealIv: Uint8Array
      readonly openKey: Uint8Array
      readonly openIv: Uint8Array
    }
  | {
      readonly format: 'epoch'
      readonly cipher: DataCipherName
      readonly sealKey: Uint8Array
      readonly openKey: Uint8Array
    }

/** What stands before each plaintext on the data channel: nothing, or the byte of `comp-lzo` that says "as it is". */
export type DataFraming = 'none' | 'lzo-byte'

/** Everything a session can ask of its host, in the order in which it must be done. */
export type SessionAction =
  /** Send this control packet to the peer's address. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** Create a TLS server engine for this key state. */
  | { readonly type: 'tls-start'; readonly keyId: KeyId }
  /** Feed received TLS records (any split) to that engine. */
  | { readonly type: 'tls-deliver'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  /** Write plaintext; exactly one TLS record per action. */
  | { readonly type: 'tls-write'; readonly keyId: KeyId; readonly bytes: Uint8Array }
  /** Dispose of that TLS engine silently, without close_notify. Nothing of it may come any more: key ids come round. */
  | { readonly type: 'tls-stop'; readonly keyId: KeyId }
  /** Decide on the client: exactly one `allowed` or `refused` is due, with `pending` before it if need be. */
  | { readonly type: 'authenticate'; readonly keyId: KeyId; readonly request: AuthenticationRequest }
  /** Give the keys to the engine: `primary` seals at once, `secondary` only opens until `swap-keys`. */
  | {
      readonly type: 'install-keys'
      readonly keyId: KeyId
      readonly slot: 'primary' | 'secondary'
      readonly keys: DataKeys
      readonly framing: DataFraming
    }
  | { readonly type: 'swap-keys' }
  /** The keys before the current ones have opened packets long enough: the secondary slot is to be emptied. */
  | { readonly type: 'delete-keys'; readonly slot: 'secondary' }
  /** The first PUSH_REPLY has been handed to TLS; data may flow. */
  | {
      readonly type: 'connected'
      readonly cipher: DataCipherName
      readonly peerInfo: PeerInfo
      readonly family: ClientFamilyName
    }
  /** The user's answer to the text that was asked for; the decision is still due. */
  | { readonly type: 'challenge-response'; readonly keyId: KeyId; readonly response: string }
  /** A changed configuration cannot be told to this client while it is connected. */
  | { readonly type: 'not-updated' }
  /** Call back with `timer` at this time (ms); replaces the earlier request; `undefined` cancels. */
  | { readonly type: 'timer'; readonly atMs: number | undefined }
  /** A packet or message was ignored; `reason` is counted. */
  | { readonly type: 'drop'; readonly reason: SessionDropReason }
  /** The client was refused and has been told; the session lingers to answer retransmissions. */
  | { readonly type: 'refused'; readonly refusal: Refusal }
  /** The connection is over (release its lease and peer); the session may linger for retransmissions. */
  | { readonly type: 'ended'; readonly reason: SessionEndReason }
  /** Nothing more will come; forget the session. */
  | { readonly type: 'closed' }

/** Why input was ignored. Closed list; each is a counter and has a test. */
export const SESSION_DROP_REASONS = [
  'too-short',
  'bad-opcode',
  'bad-key-id',
  'bad-wrap',
  'replayed-wrap',
  'bad-wkc',
  /** A reset that was answered before, or that may be an old recording. */
  'replayed-reset',
  'rate-limited',
  /** This server was given no key for cookies yet. */
  'no-cookie-key',
  'bad-session-id',
  'bad-cookie',
  'bad-message-id',
  'bad-ack',
  'malformed',
  'window-exceeded',
  'duplicate',
  'unexpected',
  'bad-key-method',
  'bad-control-message',
  'session-closed',
] as const
export type SessionDropReason = (typeof SESSION_DROP_REASONS)[number]

/** Why a connection ended. Closed list; each is a counter. */
export const SESSION_END_REASONS = [
  'client-exit',
  'occ-exit',
  'keepalive-timeout',
  'handshake-timeout',
  'tls-failed',
  'refused',
  'ordered',
  'renegotiation-failed',
  'protocol-error',
] as const
export type SessionEndReason = (typeof SESSION_END_REASONS)[number]
