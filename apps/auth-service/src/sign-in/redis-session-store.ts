import { createHash } from 'node:crypto'

import { uuid } from '@sallyport/contracts'
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
      gaveCode: z.boolean().optional(),
    })
    .optional(),
})

type Done = (error?: unknown) => void
type Loaded = (error: unknown, session?: Session | null) => void

/** Keeps portal sessions in Redis for @fastify/session; a session that nobody uses for `idleSeconds` is gone. */
export class RedisSessionStore {
  readonly #store: SharedStore
  readonly #idleSeconds: number

  constructor(store: SharedStore, idleSeconds: number) {
    this.#store = store
    this.#idleSeconds = idleSeconds
  }

  set(sessionId: string, session: Session, done: Done): void {
    const text = JSON.stringify(session)
    this.#store
      .run((redis) => redis.set(keyOf(sessionId), text, 'EX', this.#idleSeconds))
      .then(() => {
        done()
      }, done)
  }

  get(sessionId: string, loaded: Loaded): void {
    this.#store
      .run((redis) => redis.get(keyOf(sessionId)))
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
  return isSession(value) ? value : null
}

function isSession(value: unknown): value is Session {
  return storedSession.safeParse(value).success
}
