import type { SessionGrant } from '../actions.ts'
import { type Rate, TokenBuckets } from '../handshake/token-buckets.ts'

/** From the start of one attempt to the next while the key stays the same; by then the earlier one has failed. */
const RETRY_AFTER_MS = 60_000
/** So many attempts may fail in a row once the key's time is up. */
const MAX_FAILURES = 3
/**
 * How often a client may begin a renegotiation, which costs a TLS handshake and a question to auth-service. Clients that
 * renew every six seconds can be late by a whole one, and nothing is lost: on a stream a reset is not repeated.
 */
const CLIENT_RATE: Rate = { perSecond: 0.2, burst: 3 }
/** A new key that is wanted for its token alone comes no sooner after the one before: it costs as much as a client's. */
const WANTED_AFTER_MS = 5_000

/**
 * When the current key has to be replaced: at the end of its time, so that its client is authorised again, or as soon
 * as it is near a limit. Either stands until another key is the current one, however often an attempt fails. Also
 * knows when the connection ends however many keys it had.
 */
export class Renewal {
  readonly #byClient = new TokenBuckets(1, CLIENT_RATE)
  #renegotiateAfterMs: number | undefined
  #endsAtMs: number | undefined
  #keyAtMs = 0
  #timeUpAtMs: number | undefined
  #dueAtMs: number | undefined
  #nearLimit = false
  #failures = 0

  /** When the server begins a renegotiation unless one is under way; `undefined` when it need not. */
  get dueAtMs(): number | undefined {
    return this.#dueAtMs
  }

  /** When the connection ends, by what was said last; `undefined` for never. */
  get endsAtMs(): number | undefined {
    return this.#endsAtMs
  }

  /** Takes what a grant says about time; how long a key lasts holds from the next key on. */
  noteGrant({ renegotiateAfterMs, endsAtMs }: Pick<SessionGrant, 'renegotiateAfterMs' | 'endsAtMs'>): void {
    this.#renegotiateAfterMs = renegotiateAfterMs
    this.#endsAtMs = endsAtMs
  }

  /** Notes that the connection ends at another time; with `renew` a new key is wanted, as if this one were near a limit. */
  noteEnd({ endsAtMs, renew }: { readonly endsAtMs: number; readonly renew: boolean }, nowMs: number): void {
    this.#endsAtMs = endsAtMs
    const wantedAtMs = Math.max(nowMs, this.#keyAtMs + WANTED_AFTER_MS)
    if (renew) this.#dueAtMs = Math.min(this.#dueAtMs ?? wantedAtMs, wantedAtMs)
  }

  /** Starts anew with a key that has just become the current one. */
  noteKey(nowMs: number): void {
    this.#keyAtMs = nowMs
    this.#timeUpAtMs = this.#renegotiateAfterMs === undefined ? undefined : nowMs + this.#renegotiateAfterMs
    this.#dueAtMs = this.#timeUpAtMs
    this.#nearLimit = false
    this.#failures = 0
  }

  /** Notes that the current key is near a limit; only the first time counts. */
  noteLimit(nowMs: number): void {
    if (this.#nearLimit) return
    this.#nearLimit = true
    this.#dueAtMs = Math.min(this.#dueAtMs ?? nowMs, nowMs)
  }

  /** Notes the start of a renegotiation that was due; one that the client begins early leaves the time as it is. */
  noteAttempt(nowMs: number): void {
    if (this.#dueAtMs !== undefined && this.#dueAtMs <= nowMs) this.#dueAtMs = nowMs + RETRY_AFTER_MS
  }

  /** Says whether a client may begin a renegotiation, and counts it. */
  allowByClient(nowMs: number): boolean {
    if (!this.#byClient.has(0, 1, nowMs)) return false
    this.#byClient.take(0, 1, nowMs)
    return true
  }

  /**
   * Notes that a renegotiation was given up, whoever began it: else a client could put off its authorisation. True when
   * it was one too many; as long as the key has time left, none is.
   */
  noteFailure(nowMs: number): boolean {
    if (this.#timeUpAtMs === undefined || nowMs < this.#timeUpAtMs) return false
    this.#failures += 1
    return this.#failures >= MAX_FAILURES
  }
}
