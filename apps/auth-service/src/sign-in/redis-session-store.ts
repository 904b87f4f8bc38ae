import { createHash } from 'node:crypto'

import { uuid } from '@sallyport/contracts'
import { FACTOR_METHODS } from '@sallyport/mfa-policy'
import type { Session } from 'fastify'
import { z } from 'zod'

import { type SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'

const storedSession = z.looseObject({
  cookie: z.looseObject({}),
  signedIn: z
    .strictObject({
      tenantId: uuid,
      userId: uuid,
      tokenGeneration: z.int(),
      sinceMs: z.number(),
      authenticatedAtMs: z.number(),
      factor: z.strictObject({ method: z.enum(FACTOR_METHODS), atMs: z.number() }).optional(),
    })
    .optional(),
})

type Done = (error?: unknown) => void
type Loaded = (error: unknown, session?: Session | null) => void

declare module 'fastify' {
  interface Session {
    /** It comes from the store, where another request may have ended it since. */
    restored?: true
  }
}

/**
 * Keeps portal sessions in Redis for @fastify/session, which must save only what was changed (`rolling: false`): a request
 * that takes long would bring back what was ended or changed meanwhile. Reading a session is what keeps it: one that nobody
 * uses for `idleSeconds` is gone.
 */
export class RedisSessionStore {
  readonly #store: SharedStore
  readonly #idleSeconds: number

  constructor(store: SharedStore, idleSeconds: number) {
    this.#store = store
    this.#idleSeconds = idleSeconds
  }

  set(sessionId: string, session: Session, done: Done): void {
    const text = JSON.stringify(session)
    const [key, seconds] = [keyOf(sessionId), this.#idleSeconds]
    this.#store
      .run((redis) =>
        session.restored === true ? redis.set(key, text, 'EX', seconds, 'XX') : redis.set(key, text, 'EX', seconds),
      )
      .then(() => {
        done()
      }, done)
  }

  get(sessionId: string, loaded: Loaded): void {
    this.#store
      .run((redis) => redis.getex(keyOf(sessionId), 'EX', this.#idleSeconds))
      .then((text) => {
        loaded(null, text === null ? null : parseSession(text))
      }, loaded)
  }

  destroy(sessionId: string, done: Done): void {
    this.#store
      .run((redis) => redis.del(keyOf(sessionId)))
      .then(() => {
        done()
      }, done)
  }
}

/** The store's keys do not give away what a browser would have to show. */
function keyOf(sessionId: string): string {
  return `${STORE_PREFIX}:session:${createHash('sha256').update(sessionId).digest('base64url')}`
}

function parseSession(text: string): Session | null {
  const value: unknown = JSON.parse(text)
  return isSession(value) ? Object.assign(value, { restored: true as const }) : null
}

function isSession(value: unknown): value is Session {
  return storedSession.safeParse(value).success
}
