import type { SessionId } from '@sallyport/openvpn-wire'

import type { RemoteAddress } from '../remote-address.ts'
import type { ReplayField } from '../wrap/wrap-mode.ts'
import { RecentMarks } from './recent-marks.ts'
import { hashMark, hashSource } from './source-hash.ts'
import { type Rate, TokenBuckets } from './token-buckets.ts'

/**
 * What a packet from an address without a session asks for: `reset` an answer, `proof` a session for its cookie, and
 * `awaited` the same from a client whose reset this server answered a moment ago.
 */
export type InitialPacketKind = 'reset' | 'proof' | 'awaited'

/** Packets of one kind from one source: an office behind one address comes back at once after a restart. */
const SOURCE_RATE: Rate = { perSecond: 100, burst: 400 }
/** Work for packets of one kind from everywhere; a unit is one key tried, some 12 µs: 5 % of a processor. */
const OVERALL_RATE: Rate = { perSecond: 4_000, burst: 8_000 }
/** Answers to resets that may be old recordings, from everywhere. */
const UNTIMELY_RATE: Rate = { perSecond: 5, burst: 20 }
const SOURCE_BUCKETS = 2 ** 14
const MARKS = 2 ** 17

/** A packet that was wrapped for the first time longer ago than this, or later than now by this, may be a recording. */
const TIMELY_SECONDS = 10 * 60
/** How long a client may take from the answer to its next packet. */
const AWAITED_MS = 60_000
/** What one handshake took: two packets, each with two keys to try. */
const HANDSHAKE_WORK = 2

/** The buckets of one kind of packet. */
class KindLimits {
  readonly #bySource = new TokenBuckets(SOURCE_BUCKETS, SOURCE_RATE)
  readonly #overall = new TokenBuckets(1, OVERALL_RATE)

  allow(source: number, work: number, nowMs: number): boolean {
    const bucket = source % SOURCE_BUCKETS
    if (!this.#bySource.has(bucket, 1, nowMs) || !this.#overall.has(0, work, nowMs)) return false
    this.#bySource.take(bucket, 1, nowMs)
    this.#overall.take(0, work, nowMs)
    return true
  }

  giveBack(source: number): void {
    this.#bySource.giveBack(source % SOURCE_BUCKETS, 1)
    this.#overall.giveBack(0, HANDSHAKE_WORK)
  }
}

/**
 * Bounds what packets from addresses without a session may cost a server: work before any cryptography, and answers
 * that must not be given twice. All memory is allocated once (some 4 MB), and every question takes constant time,
 * however many addresses a flood comes from. Resets, cookies and awaited cookies have budgets of their own, so that a
 * flood of one kind leaves the others alone.
 */
export class InitialLimits {
  readonly #kinds = { reset: new KindLimits(), proof: new KindLimits(), awaited: new KindLimits() }
  readonly #untimely = new TokenBuckets(1, UNTIMELY_RATE)
  readonly #answered = new RecentMarks(MARKS, 2 * TIMELY_SECONDS * 1000)
  readonly #awaited = new RecentMarks(MARKS, AWAITED_MS)

  /** Says whether a packet may be looked at, and counts it; `work` is how many keys may have to be tried. */
  allow(remote: RemoteAddress, kind: InitialPacketKind, work: number, nowMs: number): boolean {
    return this.#kinds[kind].allow(hashSource(remote), work, nowMs)
  }

  /**
   * Says whether an authentic reset may have an answer that costs more than the question, and counts it. A recording of
   * a client's reset may not: neither one that was answered before nor, beyond a few, one of another time.
   */
  allowCostlyAnswer(sessionId: SessionId, replay: ReplayField, nowMs: number): boolean {
    const mark = hashMark(sessionId, [replay.id, replay.timeSeconds])
    if (this.#answered.find(mark, nowMs) !== undefined) return false
    if (Math.abs(replay.timeSeconds - nowMs / 1000) > TIMELY_SECONDS) {
      if (!this.#untimely.has(0, 1, nowMs)) return false
      this.#untimely.take(0, 1, nowMs)
    }
    this.#answered.add(mark, nowMs)
    return true
  }

  /** Notes that a reset was answered: its client's next packet is awaited. */
  noteAnswer(remote: RemoteAddress, sessionId: SessionId, nowMs: number): void {
    this.#awaited.add(clientMark(remote, sessionId), nowMs)
  }

  /** Says when this client's reset was answered, if that was a moment ago. */
  answeredAtMs(remote: RemoteAddress, sessionId: SessionId, nowMs: number): number | undefined {
    return this.#awaited.find(clientMark(remote, sessionId), nowMs)
  }

  /** Says which budget a packet belongs to that may show a cookie. */
  kindOfProof(remote: RemoteAddress, sessionId: SessionId, nowMs: number): InitialPacketKind {
    return this.answeredAtMs(remote, sessionId, nowMs) === undefined ? 'proof' : 'awaited'
  }

  /** Gives back what a client's handshake took; to be called once its connection stands. */
  completed(remote: RemoteAddress): void {
    const source = hashSource(remote)
    for (const limits of Object.values(this.#kinds)) limits.giveBack(source)
  }
}

function clientMark({ address, port, localPort }: RemoteAddress, sessionId: SessionId): ReturnType<typeof hashMark> {
  return hashMark(sessionId, [port, localPort], address)
}
