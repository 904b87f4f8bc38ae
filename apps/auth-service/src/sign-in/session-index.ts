import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'
import type { FastifyRequest } from 'fastify'

import { SharedStore } from '../runtime/shared-store.ts'
import { CLOCK } from '../runtime/tokens.ts'
import {
  indexKey,
  parseSession,
  SESSION_IDLE_SECONDS,
  SESSION_LIFETIME_SECONDS,
  sessionKey,
  sessionName,
  type SignedIn,
} from './stored-session.ts'

type Owner = Pick<SignedIn, 'tenantId' | 'userId'>

/** A session as it is kept. */
export interface KeptSession {
  readonly name: string
  readonly signedIn: SignedIn
  readonly lastUsedAtMs: number
}

/** Which sessions a user has at the portal. A session that is gone leaves the index when somebody looks. */
@Injectable()
export class SessionIndex {
  readonly #store: SharedStore
  readonly #clock: Clock

  constructor(@Inject(SharedStore) store: SharedStore, @Inject(CLOCK) clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Gives the name of the session of a request; `undefined` when nobody is signed in. */
  nameOf({ session }: FastifyRequest): string | undefined {
    return session.signedIn === undefined ? undefined : sessionName(session.sessionId)
  }

  /** Gives the sessions of a user that can still be used, without prolonging them. */
  async list(owner: Owner): Promise<KeptSession[]> {
    const index = indexKey(owner)
    const names = await this.#store.run((redis) => redis.zrange(index, '0', '-1'))
    const kept = await Promise.all(names.map(async (name) => ({ name, session: await this.find(name) })))
    const gone = kept.filter(({ session }) => session === undefined).map(({ name }) => name)
    if (gone.length > 0) await this.#store.run((redis) => redis.zrem(index, ...gone))
    return kept.flatMap(({ session }) => (session !== undefined && isOf(owner, session) ? [session] : []))
  }

  /** Gives a session, without prolonging it; `undefined` when it is over. */
  async find(name: string): Promise<KeptSession | undefined> {
    const key = sessionKey(name)
    const [text, leftMs] = await this.#store.run((redis) => Promise.all([redis.get(key), redis.pttl(key)]))
    const signedIn = text === null ? undefined : parseSession(text)?.signedIn
    const nowMs = this.#clock.now()
    if (signedIn === undefined || nowMs - signedIn.sinceMs > SESSION_LIFETIME_SECONDS * 1000) return undefined
    return { name, signedIn, lastUsedAtMs: nowMs - Math.max(0, SESSION_IDLE_SECONDS * 1000 - leftMs) }
  }

  /** Ends a session of this user; false when they have no such one. */
  async end(owner: Owner, name: string): Promise<boolean> {
    const session = await this.find(name)
    if (session === undefined || !isOf(owner, session)) return false
    const ended = await this.#store.run((redis) =>
      Promise.all([redis.del(sessionKey(name)), redis.zrem(indexKey(owner), name)]),
    )
    return ended[0] === 1
  }
}

function isOf({ tenantId, userId }: Owner, { signedIn }: KeptSession): boolean {
  return signedIn.tenantId === tenantId && signedIn.userId === userId
}
