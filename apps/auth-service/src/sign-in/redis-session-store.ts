import type { Session } from 'fastify'

import type { SharedStore } from '../runtime/shared-store.ts'
import {
  indexKey,
  parseSession,
  SESSION_IDLE_SECONDS,
  SESSION_LIFETIME_SECONDS,
  sessionKey,
  sessionName,
} from './stored-session.ts'

type Done = (error?: unknown) => void
type Loaded = (error: unknown, session?: Session | null) => void

/**
 * Keeps portal sessions in Redis for @fastify/session, which must save only what was changed (`rolling: false`): a request
 * that takes long would bring back what was ended or changed meanwhile. One that nobody uses for `SESSION_IDLE_SECONDS` is
 * gone; reading it is no use by itself. A new one goes into the index of its user's sessions.
 */
export class RedisSessionStore {
  readonly #store: SharedStore

  constructor(store: SharedStore) {
    this.#store = store
  }

  set(sessionId: string, session: Session, done: Done): void {
    const text = JSON.stringify(session)
    const name = sessionName(sessionId)
    const saved = session.restored === true ? this.#change(name, text) : this.#add(name, text, session)
    saved.then(() => {
      done()
    }, done)
  }

  get(sessionId: string, loaded: Loaded): void {
    this.#store
      .run((redis) => redis.get(sessionKey(sessionName(sessionId))))
      .then((text) => {
        loaded(null, text === null ? null : parseSession(text))
      }, loaded)
  }

  /** Notes that somebody used a session. While Redis is away there is none to be kept. */
  keep(sessionId: string): void {
    const key = sessionKey(sessionName(sessionId))
    this.#store.run((redis) => redis.expire(key, SESSION_IDLE_SECONDS)).catch(() => undefined)
  }

  destroy(sessionId: string, done: Done): void {
    this.#store
      .run((redis) => redis.del(sessionKey(sessionName(sessionId))))
      .then(() => {
        done()
      }, done)
  }

  #change(name: string, text: string): Promise<unknown> {
    return this.#store.run((redis) => redis.set(sessionKey(name), text, 'EX', SESSION_IDLE_SECONDS, 'XX'))
  }

  #add(name: string, text: string, { signedIn }: Session): Promise<unknown> {
    return this.#store.run<unknown>((redis) => {
      const kept = redis.set(sessionKey(name), text, 'EX', SESSION_IDLE_SECONDS)
      if (signedIn === undefined) return kept
      const index = indexKey(signedIn)
      const endsAtMs = signedIn.sinceMs + SESSION_LIFETIME_SECONDS * 1000
      return Promise.all([
        kept,
        redis.zremrangebyscore(index, '-inf', signedIn.sinceMs),
        redis.zadd(index, endsAtMs, name),
        redis.expire(index, SESSION_LIFETIME_SECONDS),
      ])
    })
  }
}
