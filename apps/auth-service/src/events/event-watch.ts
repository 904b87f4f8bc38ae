import { setTimeout as delay } from 'node:timers/promises'

import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common'
import { type Clock, describeError } from '@sallyport/foundation'
import { type Logger, Metrics } from '@sallyport/telemetry'

import { NODE_AWAY_AFTER_MS } from '../connections/counted-connections.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { changedBy } from './audit-topics.ts'
import { ChangeNews, type PlatformState } from './change-news.ts'
import { Changes } from './changes.ts'
import type { EventStream } from './event-stream.ts'
import { EventStreams, STREAM_REFUSALS, type StreamOwner, type WatchedSession } from './event-streams.ts'
import { JudgementQueue } from './judgement-queue.ts'
import { SessionJudge } from './session-judge.ts'

/** How often it looks for what changed, and so how often a stream is told at most. */
const LOOK_MS = 500
/** Every so many looks, whether the sessions are still there. */
const LOOKS_PER_CHECK = 2
const LOOKS_PER_BEAT = 30
/** Nodes report all the time; figures that only grew are told less often. */
const LOOKS_PER_FIGURES = 10

/** What it needs of others. */
type News = Pick<ChangeNews, 'headOf' | 'since' | 'platformState'>
type Judge = Pick<SessionJudge, 'judge' | 'isDue' | 'gone'>

/**
 * Finds out what changed while somebody listens: one look at the audit chains of their tenants, whichever instance wrote
 * them. Nothing is asked while nobody listens.
 */
@Injectable()
export class EventWatch implements OnModuleDestroy {
  readonly #news: News
  readonly #judge: Judge
  readonly #clock: Clock
  readonly #log: Logger
  readonly #streams: EventStreams
  readonly #places = new Map<string, bigint>()
  readonly #doubtful = new Set<string>()
  readonly #judgements = new JudgementQueue<WatchedSession>((session) => this.#judgeAgain(session))
  readonly #stopped = new AbortController()
  #platform: PlatformState | undefined
  #looks = 0
  #isLooking = false
  readonly #failing = new Set<'look' | 'judgement'>()

  constructor(
    @Inject(ChangeNews) news: News,
    @Inject(SessionJudge) judge: Judge,
    @Inject(Changes) changes: Pick<Changes, 'listen'>,
    @Inject(CLOCK) clock: Clock,
    @Inject(Metrics) metrics: Pick<Metrics, 'gauge' | 'reasonCounter'>,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#news = news
    this.#judge = judge
    this.#clock = clock
    this.#log = log
    const refusals = metrics.reasonCounter('event_stream_refusals', 'Refused streams of events.', STREAM_REFUSALS)
    this.#streams = new EventStreams((reason) => {
      refusals.increment(reason)
    })
    changes.listen(({ tenantId, userId, topics }) => {
      this.#streams.note(tenantId, topics, userId === null ? 'everybody' : new Set([userId]))
    })
    metrics.gauge('event_streams', 'Open streams of events.', () => this.#streams.size)
  }

  /**
   * Opens a stream of what happens from now on; `undefined` when the session is over. Throws the 503 when there are too many
   * streams.
   */
  async open(owner: StreamOwner): Promise<EventStream | undefined> {
    // In this order: what changes while the session is judged is heard of, and it is judged again.
    const head = await this.#news.headOf(owner.tenantId)
    const session = await this.#judge.judge(owner)
    if (session === undefined) return undefined
    const stream = this.#streams.open(session)
    const reached = this.#places.get(owner.tenantId)
    if (reached === undefined) this.#places.set(owner.tenantId, head)
    // Others have heard of it already.
    else if (reached > head) this.#doubtful.add(owner.sessionName)
    if (!this.#isLooking) void this.#lookWhileAnybodyListens()
    return stream
  }

  onModuleDestroy(): void {
    this.#stopped.abort()
    this.#streams.close()
  }

  async #lookWhileAnybodyListens(): Promise<void> {
    this.#isLooking = true
    const { signal } = this.#stopped
    while (this.#streams.size > 0 && !signal.aborted) {
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)
      await this.#look()
    }
    this.#platform = undefined
    this.#places.clear()
    this.#doubtful.clear()
    this.#judgements.clear()
    this.#isLooking = false
  }

  /** What it could not ask now it asks again at the next look: no place moves on before its news were noted. */
  async #look(): Promise<void> {
    this.#looks += 1
    try {
      await this.#hearAudit()
      await this.#comparePlatform()
      this.#streams.flush()
      await this.#checkSessions()
      this.#failing.delete('look')
    } catch (error) {
      this.#complain('look', error, 'cannot look for changes; trying again')
      this.#streams.flush()
    }
    if (this.#looks % LOOKS_PER_BEAT === 0) this.#streams.beat()
  }

  async #hearAudit(): Promise<void> {
    const tenants = new Set(this.#streams.tenants)
    for (const tenantId of this.#places.keys()) if (!tenants.has(tenantId)) this.#places.delete(tenantId)
    for (const { tenantId, place, action, about } of await this.#news.since(this.#places)) {
      const reached = this.#places.get(tenantId)
      if (reached !== undefined && place > reached) this.#places.set(tenantId, place)
      if (action === null) continue
      const { topics, own, ofEverybody } = changedBy(action)
      const users = ofEverybody ? 'everybody' : new Set(about)
      this.#streams.note(tenantId, [...topics, ...own], users)
      if (own.includes('own-account')) this.#doubt(tenantId, users)
    }
  }

  /** Whoever's account changed may have no session any more, or other rights. */
  #doubt(tenantId: string, users: ReadonlySet<string> | 'everybody'): void {
    for (const session of this.#streams.sessions) {
      const concerned = session.tenantId === tenantId && (users === 'everybody' || users.has(session.userId))
      if (concerned) this.#doubtful.add(session.sessionName)
    }
  }

  /** Judging takes its time and is not waited for: the next look comes, whatever there is to judge. */
  async #checkSessions(): Promise<void> {
    const { sessions } = this.#streams
    const nowMs = this.#clock.now()
    for (const session of sessions) {
      const isDue = this.#judge.isDue(session, nowMs) && !this.#judgements.has(session)
      if (isDue || this.#doubtful.has(session.sessionName)) this.#judgements.add(session)
    }
    this.#doubtful.clear()
    const gone = this.#looks % LOOKS_PER_CHECK === 0 ? await this.#judge.gone(sessions) : []
    for (const session of gone) this.#streams.endSession(session)
  }

  /** One that could not be judged stays doubtful until the next look. */
  async #judgeAgain(session: WatchedSession): Promise<void> {
    try {
      const judged = await this.#judge.judge(session)
      if (judged === undefined) this.#streams.endSession(session)
      else this.#streams.judged(judged)
      this.#failing.delete('judgement')
    } catch (error) {
      this.#doubtful.add(session.sessionName)
      this.#complain('judgement', error, 'cannot judge a session that has streams; trying again')
    }
  }

  /** Once, until it works again. */
  #complain(what: 'look' | 'judgement', error: unknown, message: string): void {
    if (!this.#failing.has(what) && !this.#stopped.signal.aborted) {
      this.#log.warn({ reason: describeError(error) }, message)
    }
    this.#failing.add(what)
  }

  /** Tenants and services are not of one tenant: their changes stand in many chains, and what nodes report in none. */
  async #comparePlatform(): Promise<void> {
    if (!this.#streams.sessions.some(({ allowed }) => allowed.has('tenants') || allowed.has('nodes'))) {
      this.#platform = undefined
      return
    }
    const [before, now] = [this.#platform, await this.#news.platformState(NODE_AWAY_AFTER_MS)]
    const withFigures = this.#looks % LOOKS_PER_FIGURES === 0
    this.#platform = { ...now, services: withFigures ? now.services : (before ?? now).services }
    if (before === undefined) return
    if (now.tenants !== before.tenants) this.#streams.noteEverywhere(['tenants'])
    if (now.standing !== before.standing || (withFigures && now.services !== before.services)) {
      this.#streams.noteEverywhere(['nodes'])
    }
  }
}
