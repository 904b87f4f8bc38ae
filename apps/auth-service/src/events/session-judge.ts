import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import { SharedStore } from '../runtime/shared-store.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { SessionIndex } from '../sign-in/session-index.ts'
import { sessionKey } from '../sign-in/stored-session.ts'
import type { StreamOwner, WatchedSession } from './event-streams.ts'
import { topicsFor } from './topics.ts'

/** What nothing announces is noticed after this time: a policy that asks for more from some time on. */
const JUDGED_AGAIN_MS = 60_000

/** Says whether sessions that have streams still exist, and what they may hear about. */
@Injectable()
export class SessionJudge {
  readonly #store: SharedStore
  readonly #index: SessionIndex
  readonly #portal: PortalSessions
  readonly #clock: Clock

  constructor(
    @Inject(SharedStore) store: SharedStore,
    @Inject(SessionIndex) index: SessionIndex,
    @Inject(PortalSessions) portal: PortalSessions,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#store = store
    this.#index = index
    this.#portal = portal
    this.#clock = clock
  }

  /** Gives a session with what it may hear about, as of now; `undefined` when it is over. A look prolongs no session. */
  async judge(owner: StreamOwner): Promise<WatchedSession | undefined> {
    const { sessionName, tenantId, userId, address } = owner
    const kept = await this.#index.find(sessionName)
    if (kept === undefined) return undefined
    const person = await this.#portal.judge(kept.signedIn, address)
    if (person === undefined) return undefined
    const { permissions } = person.actor
    const allowed = topicsFor({ permissions, duties: person.duties })
    return { sessionName, tenantId, userId, address, allowed, judgedAtMs: this.#clock.now() }
  }

  /** Says whether a session was judged so long ago that it has to be again. */
  isDue({ judgedAtMs }: WatchedSession, nowMs: number): boolean {
    return Math.abs(nowMs - judgedAtMs) >= JUDGED_AGAIN_MS
  }

  /** Gives those that are not kept any more: signed out, or used by nobody for too long. */
  async gone<Session extends StreamOwner>(sessions: readonly Session[]): Promise<Session[]> {
    const kept = await this.#store.run((redis) =>
      Promise.all(sessions.map(({ sessionName }) => redis.exists(sessionKey(sessionName)))),
    )
    return sessions.filter((_, index) => kept[index] === 0)
  }
}
