import type { ReliableTerms } from '../reliable/terms.ts'

/** What differs between the clients that people run. All that a client session does by family is read from here. */
export interface ClientBehaviour {
  readonly reliable: ReliableTerms
  /** Repeats messages also on TCP, where nothing is lost. */
  readonly repeatsOnTcp: boolean
  /** Acknowledges the server's reset in a packet of its own, or together with the first TLS bytes. */
  readonly thirdPacket: 'ack' | 'message'
  /** Sends its wrapped key a second time when the server asks for that. */
  readonly earlyNegotiation: boolean
  /** How a TLS record is read: only its first message counts, all count, or more than one spoils it. */
  readonly record: 'first-message' | 'all-messages' | 'one-message'
  /** Loses a message that comes before its own key method 2 was acknowledged. */
  readonly deafBeforeActive: boolean
  /** Pauses before each PUSH_REQUEST; the last one repeats. */
  readonly pushRequestAfterMs: readonly [number, ...number[]]
  /** From its first renegotiation on wraps packets of every key id as those of a renegotiation. */
  readonly renegotiatedWrapForAll: boolean
  /** Gives up on a flag that it does not know. */
  readonly strictProtocolFlags: boolean
  /** Forgets its session token when told to restart without `[P]:`. */
  readonly forgetsTokenOnRestart: boolean
  /** Reads `[PN]` letters in RESTART; others know the exact prefix `[P]:` only. */
  readonly readsRestartFlags: boolean
  /** Reconnects when told EXIT. */
  readonly obeysExit: boolean
  /** `IV_…` lines as such a client sends them. */
  readonly peerInfo: string
}

const OLD_RELIABLE: ReliableTerms = {
  sendWindow: 4,
  receiveWindow: 8,
  firstTimeoutMs: 2_000,
  maxTimeoutMs: 64_000,
  resendsOnLaterAcks: false,
  repeatsAcks: false,
}
const RELIABLE_26: ReliableTerms = {
  ...OLD_RELIABLE,
  sendWindow: 6,
  receiveWindow: 12,
  resendsOnLaterAcks: true,
  repeatsAcks: true,
}
const OPENVPN3_RELIABLE: ReliableTerms = {
  ...RELIABLE_26,
  receiveWindow: 8,
  firstTimeoutMs: 1_000,
  maxTimeoutMs: 1_000,
  resendsOnLaterAcks: false,
}
const GCM = 'IV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM'
const MODERN = `IV_MTU=1600\n${GCM}:CHACHA20-POLY1305`

const OPENVPN_24: ClientBehaviour = {
  reliable: OLD_RELIABLE,
  repeatsOnTcp: true,
  thirdPacket: 'ack',
  earlyNegotiation: false,
  record: 'first-message',
  deafBeforeActive: false,
  pushRequestAfterMs: [1_000, 5_000],
  renegotiatedWrapForAll: false,
  strictProtocolFlags: false,
  forgetsTokenOnRestart: false,
  readsRestartFlags: true,
  obeysExit: false,
  peerInfo: `IV_VER=2.4.12\nIV_PLAT=linux\nIV_PROTO=2\n${GCM}\n`,
}
const OPENVPN_25: ClientBehaviour = {
  ...OPENVPN_24,
  record: 'all-messages',
  peerInfo: `IV_VER=2.5.11\nIV_PLAT=linux\nIV_PROTO=6\n${GCM}\nIV_TCPNL=1\n`,
}
const OPENVPN_26: ClientBehaviour = {
  ...OPENVPN_25,
  reliable: RELIABLE_26,
  thirdPacket: 'message',
  earlyNegotiation: true,
  obeysExit: true,
  peerInfo: `IV_VER=2.6.14\nIV_PLAT=linux\nIV_TCPNL=1\n${MODERN}\nIV_PROTO=990\n`,
}
const OPENVPN3: ClientBehaviour = {
  reliable: OPENVPN3_RELIABLE,
  repeatsOnTcp: false,
  thirdPacket: 'message',
  earlyNegotiation: true,
  record: 'one-message',
  deafBeforeActive: true,
  pushRequestAfterMs: [0, 1_000, 2_000, 3_000],
  renegotiatedWrapForAll: true,
  strictProtocolFlags: true,
  forgetsTokenOnRestart: true,
  readsRestartFlags: false,
  obeysExit: false,
  peerInfo: `IV_VER=3.11\nIV_PLAT=linux\nIV_TCPNL=1\n${MODERN}\nIV_PROTO=8094\nIV_AUTO_SESS=1\nIV_SSO=webauth,crtext\n`,
}

/** Behaviour by line of releases: the 2.x line of OpenVPN, and openvpn3 before and from the core of OpenVPN Connect 3.4. */
export const CLIENT_BEHAVIOURS = {
  '2.4': OPENVPN_24,
  '2.5': OPENVPN_25,
  '2.6': OPENVPN_26,
  '2.7': {
    ...OPENVPN_26,
    peerInfo: `IV_VER=2.7.6\nIV_PLAT=linux\nIV_TCPNL=1\n${MODERN}\nIV_PROTO=8094\n`,
  },
  'v3 3.7': {
    ...OPENVPN3,
    earlyNegotiation: false,
    peerInfo: `IV_VER=3.7.1\nIV_PLAT=android\nIV_TCPNL=1\n${GCM}\nIV_PROTO=30\nIV_AUTO_SESS=1\n`,
  },
  v3: OPENVPN3,
} as const satisfies Readonly<Record<string, ClientBehaviour>>
/** Names of the lines in `CLIENT_BEHAVIOURS`. */
export type ClientLine = keyof typeof CLIENT_BEHAVIOURS
