import { ApiProblem, retryAfter } from '../http/api-problem.ts'
import { EventStream, type StreamEnd } from './event-stream.ts'
import { isOwn, type Topic } from './topics.ts'

/** Browsers open six connections to a server at most (HTTP/1.1): some have to be left for everything else. */
export const MAX_STREAMS_OF_SESSION = 4
/** Nobody takes the streams of all by signing in again and again. */
export const MAX_STREAMS_OF_USER = 20
const MAX_STREAMS = 4000
/** No organisation takes the streams of all others: none has more than a quarter of them. */
const MAX_STREAMS_OF_TENANT = MAX_STREAMS / 4
const RETRY_SECONDS = 30

/** How many streams there may be on this instance. */
export interface StreamLimits {
  readonly ofInstance: number
  readonly ofTenant: number
}

/** Why a stream is refused. */
export const STREAM_REFUSALS = ['too-many-streams', 'too-many-streams-of-tenant'] as const
type StreamRefusal = (typeof STREAM_REFUSALS)[number]

const LIMITS: StreamLimits = { ofInstance: MAX_STREAMS, ofTenant: MAX_STREAMS_OF_TENANT }

/** Whose session a stream belongs to, and where it was opened from. */
export interface StreamOwner {
  readonly sessionName: string
  readonly tenantId: string
  readonly userId: string
  readonly address: string
}

/** A session that has streams here. */
export interface WatchedSession extends StreamOwner {
  /** What it may hear about. */
  readonly allowed: ReadonlySet<Topic>
  /** When that was decided. */
  readonly judgedAtMs: number
}

interface Watched {
  session: WatchedSession
  readonly streams: Set<EventStream>
}

/** The open streams of this instance, by tenant and session. */
export class EventStreams {
  readonly #tenants = new Map<string, Map<string, Watched>>()
  readonly #refused: (reason: StreamRefusal) => void
  readonly #limits: StreamLimits
  #size = 0

  /** `refused` hears of each stream that was refused. */
  constructor(refused: (reason: StreamRefusal) => void = () => undefined, limits = LIMITS) {
    this.#refused = refused
    this.#limits = limits
  }

  /** How many streams are open. */
  get size(): number {
    return this.#size
  }

  /** Tenants of which somebody listens. */
  get tenants(): readonly string[] {
    return [...this.#tenants.keys()]
  }

  /** The sessions that have streams. */
  get sessions(): readonly WatchedSession[] {
    return [...this.#tenants.values()].flatMap((sessions) => [...sessions.values()].map(({ session }) => session))
  }

  /**
   * Opens a stream; one too many of a session ends its oldest, and one too many of a user the oldest of theirs. Throws the
   * 503 when the tenant has as many as it may, or the instance as many as it can bear.
   */
  open(session: WatchedSession): EventStream {
    const { tenantId, sessionName, userId } = session
    this.#makeRoom([this.#tenants.get(tenantId)?.get(sessionName)], MAX_STREAMS_OF_SESSION)
    const ofUser = [...(this.#tenants.get(tenantId)?.values() ?? [])].filter((other) => other.session.userId === userId)
    this.#makeRoom(ofUser, MAX_STREAMS_OF_USER)
    const sessions = this.#tenants.get(tenantId) ?? new Map<string, Watched>()
    const watched = sessions.get(sessionName) ?? { session, streams: new Set() }
    if (this.#size >= this.#limits.ofInstance) throw this.#refusal('too-many-streams', 'here')
    if (streamsOf(sessions.values()) >= this.#limits.ofTenant) {
      throw this.#refusal('too-many-streams-of-tenant', 'in your organisation')
    }
    const stream = new EventStream(session.allowed, () => {
      this.#forget(watched, stream)
    })
    this.#tenants.set(tenantId, sessions)
    sessions.set(sessionName, watched)
    watched.streams.add(stream)
    this.#size += 1
    this.judged(session)
    return stream
  }

  /** Notes what changed in a tenant: own things for these users, or for everybody. */
  note(tenantId: string, topics: readonly Topic[], users: ReadonlySet<string> | 'everybody'): void {
    const shared = topics.filter((topic) => !isOwn(topic))
    for (const { session, streams } of this.#tenants.get(tenantId)?.values() ?? []) {
      const concerned = users === 'everybody' || users.has(session.userId)
      for (const stream of streams) stream.note(concerned ? topics : shared)
    }
  }

  /** Notes what changed for everybody who may see it, in whichever tenant. */
  noteEverywhere(topics: readonly Topic[]): void {
    for (const tenantId of this.#tenants.keys()) this.note(tenantId, topics, 'everybody')
  }

  /** Says what a session may hear about from now on, if it still has streams. */
  judged(session: WatchedSession): void {
    const watched = this.#tenants.get(session.tenantId)?.get(session.sessionName)
    if (watched === undefined) return
    watched.session = session
    for (const stream of watched.streams) stream.allowed = session.allowed
  }

  /** Ends the streams of a session that is over. */
  endSession({ tenantId, sessionName }: StreamOwner): void {
    const watched = this.#tenants.get(tenantId)?.get(sessionName)
    for (const stream of watched?.streams ?? []) if (watched !== undefined) this.#drop(watched, stream, 'session-ended')
  }

  /** Sends what was noted. */
  flush(): void {
    for (const stream of this.#all()) stream.flush()
  }

  /** Sends a sign of life. */
  beat(): void {
    for (const stream of this.#all()) stream.beat()
  }

  /** Ends everything at once. */
  close(): void {
    for (const stream of this.#all()) stream.end('shutdown')
  }

  /** Ends the oldest stream of these, those that came first in front, when there is no room for another. */
  #makeRoom(sessions: readonly (Watched | undefined)[], most: number): void {
    const known = sessions.filter((watched) => watched !== undefined)
    const [first] = known
    const [oldest] = first?.streams ?? []
    if (first === undefined || oldest === undefined) return
    if (streamsOf(known) >= most) this.#drop(first, oldest, 'displaced')
  }

  #refusal(reason: StreamRefusal, where: string): ApiProblem {
    this.#refused(reason)
    const message = `Too many pages listen for changes ${where}. Please load this one again to see what has changed.`
    return new ApiProblem(503, reason, message, undefined, retryAfter(RETRY_SECONDS))
  }

  #all(): EventStream[] {
    return [...this.#tenants.values()].flatMap((sessions) =>
      [...sessions.values()].flatMap(({ streams }) => [...streams]),
    )
  }

  /** It counts no more from here on, though its last words may still have to be read. */
  #drop(watched: Watched, stream: EventStream, why: StreamEnd): void {
    this.#forget(watched, stream)
    stream.end(why)
  }

  #forget({ session: { tenantId, sessionName }, streams }: Watched, stream: EventStream): void {
    if (!streams.delete(stream)) return
    this.#size -= 1
    if (streams.size > 0) return
    const sessions = this.#tenants.get(tenantId)
    sessions?.delete(sessionName)
    if (sessions?.size === 0) this.#tenants.delete(tenantId)
  }
}

function streamsOf(sessions: Iterable<Watched>): number {
  return [...sessions].reduce((sum, { streams }) => sum + streams.size, 0)
}
