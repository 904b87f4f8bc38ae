import { ByteReader } from '@sallyport/foundation'
import type { CryptoSuite, SessionId } from '@sallyport/openvpn-wire'

import type { RemoteAddress } from '../remote-address.ts'
import type { ReplayField } from '../wrap/wrap-mode.ts'
import { type Mark, RecentMarks } from './recent-marks.ts'
import { hashMark, type HashSeed, hashSource } from './source-hash.ts'
import { MAX_STATIC_KEYS } from './static-keys.ts'
import { type Rate, TokenBuckets } from './token-buckets.ts'

/**
 * What a packet from an address without a session asks for: `reset` an answer, `proof` a session for its cookie, and
 * `awaited` the same from a client whose reset this server answered a moment ago.
 */
export type InitialPacketKind = 'reset' | 'proof' | 'awaited'

/**
 * What it costs to look at a packet: `wrapped` when it names the key to try, inside it or in an earlier packet, else as
 * many static keys as there are.
 */
export interface InitialWork {
  readonly search: 'wrapped' | 'static'
  readonly keys: number
}

/** Whose packet it is, as far as it says. */
export interface InitialAsker {
  readonly remote: RemoteAddress
  readonly sessionId: SessionId
}

interface Rates {
  readonly source: Rate
  readonly overall: Readonly<Record<InitialPacketKind, Rate>>
  readonly returning: Rate
}

/**
 * In keys tried. A packet with its own key costs some 5 µs of a processor when it is junk and some 17 µs when it is
 * answered, a static key some 2 µs: all budgets used up by junk at once are half a processor. One source may be
 * an office behind one address that comes back at once after a restart.
 */
const RATES: Readonly<Record<InitialWork['search'], Rates>> = {
  wrapped: {
    source: { perSecond: 100, burst: 400 },
    overall: {
      reset: { perSecond: 32_000, burst: 10_000 },
      proof: { perSecond: 8_000, burst: 8_000 },
      awaited: { perSecond: 8_000, burst: 8_000 },
    },
    returning: { perSecond: 8_000, burst: 8_000 },
  },
  static: {
    source: { perSecond: 640, burst: 3_200 },
    overall: {
      reset: { perSecond: 64_000, burst: 64_000 },
      proof: { perSecond: 16_000, burst: 16_000 },
      awaited: { perSecond: 16_000, burst: 16_000 },
    },
    returning: { perSecond: 16_000, burst: 16_000 },
  },
}
/** Answers to resets that may be old recordings, from everywhere. */
const UNTIMELY_RATE: Rate = { perSecond: 5, burst: 20 }
const SOURCE_BUCKETS = 2 ** 14
const MARKS = 2 ** 17
/** Of those who were turned away. A flood fills it: the larger, the longer a client is known again. */
const TURNED_AWAY_MARKS = 2 ** 18

/** A packet that was wrapped for the first time longer ago than this, or later than now by this, may be a recording. */
const TIMELY_SECONDS = 10 * 60
/** How long a client may take from the answer to its next packet. */
const AWAITED_MS = 60_000
/** How long a client that was turned away may take to come back; clients repeat a reset after 1 to 16 s. */
const TURNED_AWAY_MS = 30_000

/** The buckets for one kind of packet and of search. */
class Budget {
  readonly #bySource: TokenBuckets
  readonly #overall: TokenBuckets
  readonly #returning: TokenBuckets

  constructor({ source, overall, returning }: Rates, kind: InitialPacketKind) {
    this.#bySource = new TokenBuckets(SOURCE_BUCKETS, source)
    this.#overall = new TokenBuckets(1, overall[kind])
    this.#returning = new TokenBuckets(1, returning)
  }

  allow(source: number, keys: number, nowMs: number, isReturning: () => boolean): boolean {
    if (!this.#bySource.has(source, keys, nowMs)) return false
    const hasRoom = this.#overall.has(0, keys, nowMs)
    if (!hasRoom && (!isReturning() || !this.#returning.has(0, keys, nowMs))) return false
    this.#bySource.take(source, keys, nowMs)
    const overall = hasRoom ? this.#overall : this.#returning
    overall.take(0, keys, nowMs)
    return true
  }

  giveBack(source: number, keys: number): void {
    this.#bySource.giveBack(source, keys)
  }
}

function budgetsFor(rates: Rates): Readonly<Record<InitialPacketKind, Budget>> {
  return { reset: new Budget(rates, 'reset'), proof: new Budget(rates, 'proof'), awaited: new Budget(rates, 'awaited') }
}

/**
 * Bounds what packets from addresses without a session may cost a server: work before any cryptography, and answers
 * that must not be given twice. All memory is allocated once (some 7 MB), and every question takes constant time,
 * however many addresses a flood comes from. Resets, cookies and awaited cookies have budgets of their own, and so have
 * packets that name their key and those on which static keys are tried: a flood of one kind leaves the others alone. In
 * a flood of its own kind a client is turned away by chance; when it comes back, as no forged address does, there is a
 * budget that the flood has not touched.
 */
export class InitialLimits {
  readonly #budgets = { wrapped: budgetsFor(RATES.wrapped), static: budgetsFor(RATES.static) }
  readonly #seed: HashSeed
  readonly #untimely = new TokenBuckets(1, UNTIMELY_RATE)
  readonly #answered = new RecentMarks(MARKS, 2 * TIMELY_SECONDS * 1000)
  readonly #awaited = new RecentMarks(MARKS, AWAITED_MS)
  readonly #turnedAway = new RecentMarks(TURNED_AWAY_MARKS, TURNED_AWAY_MS)

  /** The random bytes decide which sources share a bucket. */
  constructor({ randomBytes }: Pick<CryptoSuite, 'randomBytes'>) {
    const seed = new ByteReader(randomBytes(8))
    this.#seed = { place: seed.u32(), print: seed.u32() }
  }

  /** Says whether a packet may be looked at, and counts it. */
  allow(asker: InitialAsker, kind: InitialPacketKind, { search, keys }: InitialWork, nowMs: number): boolean {
    const budget = this.#budgets[search][kind]
    return budget.allow(this.#bucketOf(asker.remote), keys, nowMs, () => this.#isReturning(asker, nowMs))
  }

  /**
   * Says whether an authentic reset may have an answer that costs more than the question, and counts it. A recording of
   * a client's reset may not: neither one that was answered before nor, beyond a few, one of another time.
   */
  allowCostlyAnswer(sessionId: SessionId, replay: ReplayField, nowMs: number): boolean {
    const mark = hashMark(this.#seed, sessionId, [replay.id, replay.timeSeconds])
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
    this.#awaited.add(this.#markOf({ remote, sessionId }), nowMs)
  }

  /** Says when this client's reset was answered, if that was a moment ago. */
  answeredAtMs(remote: RemoteAddress, sessionId: SessionId, nowMs: number): number | undefined {
    return this.#awaited.find(this.#markOf({ remote, sessionId }), nowMs)
  }

  /** Says which budget a packet belongs to that may show a cookie. */
  kindOfProof(remote: RemoteAddress, sessionId: SessionId, nowMs: number): InitialPacketKind {
    return this.answeredAtMs(remote, sessionId, nowMs) === undefined ? 'proof' : 'awaited'
  }

  /** Gives back to a source at least what a client's handshake took; to be called once its connection stands. */
  completed(remote: RemoteAddress): void {
    const source = this.#bucketOf(remote)
    for (const budget of Object.values(this.#budgets.wrapped)) budget.giveBack(source, 1)
    for (const budget of Object.values(this.#budgets.static)) budget.giveBack(source, MAX_STATIC_KEYS)
  }

  /** Says whether a client that finds no room was turned away before, and notes that it is. */
  #isReturning(asker: InitialAsker, nowMs: number): boolean {
    const mark = this.#markOf(asker)
    const isReturning = this.#turnedAway.find(mark, nowMs) !== undefined
    this.#turnedAway.add(mark, nowMs)
    return isReturning
  }

  #bucketOf(remote: RemoteAddress): number {
    return hashSource(this.#seed, remote) % SOURCE_BUCKETS
  }

  #markOf({ remote: { address, port, localPort }, sessionId }: InitialAsker): Mark {
    return hashMark(this.#seed, sessionId, [port, localPort], address)
  }
}
