import type { Transport } from '../remote-address.ts'

/** How one side of the reliable exchange behaves. Peers with different terms understand each other. */
export interface ReliableTerms {
  /** How far ids may run ahead of the oldest unacknowledged one. */
  readonly sendWindow: number
  /** How many ids from the next expected one on are taken. */
  readonly receiveWindow: number
  /** Wait before the first repetition; `Infinity` where nothing is repeated. */
  readonly firstTimeoutMs: number
  /** Each repetition doubles the timeout up to this. */
  readonly maxTimeoutMs: number
  /** Sends a message again at once when three later ones were acknowledged. */
  readonly resendsOnLaterAcks: boolean
  /** Repeats recent acknowledgements in packets with room. */
  readonly repeatsAcks: boolean
}

/**
 * The terms of a server on UDP: a send window that fits the smallest receive window among clients, which is 8, and a
 * backoff that stays short, so that a handshake gets through heavy loss well within its time.
 */
export const SERVER_TERMS: ReliableTerms = {
  sendWindow: 6,
  receiveWindow: 12,
  firstTimeoutMs: 1_000,
  maxTimeoutMs: 4_000,
  resendsOnLaterAcks: true,
  repeatsAcks: true,
}

/** A stream loses nothing, so nothing is sent twice. */
const STREAM_SERVER_TERMS: ReliableTerms = {
  ...SERVER_TERMS,
  firstTimeoutMs: Infinity,
  maxTimeoutMs: Infinity,
  resendsOnLaterAcks: false,
}

/** The terms of a server's session on this transport. */
export function serverTerms(transport: Transport): ReliableTerms {
  return transport === 'tcp' ? STREAM_SERVER_TERMS : SERVER_TERMS
}
