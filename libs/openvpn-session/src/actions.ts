import type { DataCipherName, KeyId, PeerInfo } from '@sallyport/openvpn-wire'

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

/** What a client said about itself in key method 2, as given to whoever decides on the connection. */
export interface AuthenticationRequest {
  readonly phase: 'initial' | 'renegotiation'
  readonly username: string
  readonly password: string
  readonly peerInfo: PeerInfo
  readonly peer: TlsPeer
}

/** Terms under which a connection was allowed. */
export interface SessionGrant {
  readonly peerId: number
  /** Options to push as they stand, in order, without peer-id, cipher, protocol-flags, tun-mtu, auth-token. */
  readonly pushOptions: readonly string[]
  /** Opaque session token for the client, ≤ 127 characters. */
  readonly authToken: string | undefined
  readonly tunMtu: number
  /** Age of the current key at which the server begins a renegotiation; `undefined` leaves that to the client. */
  readonly renegotiateAfterMs: number | undefined
  /** When the connection ends and the client must sign in again; `undefined` for never. The newest grant counts. */
  readonly endsAtMs: number | undefined
}

/** Why a peer is refused. `temporary` becomes AUTH_FAILED,TEMP for clients that understand it. */
export interface Refusal {
  /** Stable code, counted: `wrong-password`, `otp-reused`, `pool-full`, … */
  readonly code: string
  /** The sentence that the user reads; printable ASCII without commas, ≤ 200 characters. */
  readonly message: string
  readonly temporary?: { readonly backoffSeconds: number }
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
  /** The engine opened a first packet with this key: the peer has it, so sealing may move to it. */
  | { readonly type: 'key-used'; readonly keyId: KeyId }
  /** The engine says that a key is near a limit of packets or bytes. */
  | { readonly type: 'key-limit'; readonly keyId: KeyId }
  /** The peer said goodbye on the data channel (OCC exit), or its keepalive ran out. */
  | { readonly type: 'peer-gone'; readonly reason: 'occ-exit' | 'keepalive-timeout' }
  /** End the connection by order: the client is told, then the session closes. */
  | { readonly type: 'end'; readonly how: 'halt' | 'restart' | 'auth-failed'; readonly reason: string }

/** Directional AEAD material for the engine; 8-byte implicit IVs. The receiver of the action wipes the buffers. */
export interface DataKeys {
  readonly cipher: DataCipherName
  readonly sealKey: Uint8Array
  readonly sealIv: Uint8Array
  readonly openKey: Uint8Array
  readonly openIv: Uint8Array
}

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
  /** Dispose of that TLS engine silently, without close_notify. */
  | { readonly type: 'tls-stop'; readonly keyId: KeyId }
  | { readonly type: 'authenticate'; readonly keyId: KeyId; readonly request: AuthenticationRequest }
  /** Give the keys to the engine: `primary` seals at once, `secondary` only opens until `swap-keys`. */
  | {
      readonly type: 'install-keys'
      readonly keyId: KeyId
      readonly slot: 'primary' | 'secondary'
      readonly keys: DataKeys
    }
  | { readonly type: 'swap-keys' }
  /** The first PUSH_REPLY has been handed to TLS; data may flow. */
  | { readonly type: 'connected'; readonly cipher: DataCipherName; readonly peerInfo: PeerInfo }
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
  /** A tls-crypt-v2 client that cannot send its wrapped key a second time. */
  'no-early-negotiation',
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
