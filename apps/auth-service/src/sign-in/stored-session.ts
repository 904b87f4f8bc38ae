import { createHash } from 'node:crypto'

import { uuid } from '@sallyport/contracts'
import { FACTOR_METHODS } from '@sallyport/mfa-policy'
import type { Session } from 'fastify'
import { z } from 'zod'

import { STORE_PREFIX } from '../runtime/shared-store.ts'

/** A session that nobody uses ends after this time, and every session after the other. */
export const SESSION_IDLE_SECONDS = 30 * 60
export const SESSION_LIFETIME_SECONDS = 12 * 3600

const givenFactor = z.strictObject({ method: z.enum(FACTOR_METHODS), atMs: z.number() })
/** Which second factor was proven in a session, and when. */
export type GivenFactor = Readonly<z.infer<typeof givenFactor>>

const signedIn = z.strictObject({
  tenantId: uuid,
  userId: uuid,
  tokenGeneration: z.int(),
  sinceMs: z.number(),
  authenticatedAtMs: z.number(),
  factor: givenFactor.optional(),
  pendingTotp: z.string().optional(),
  address: z.string(),
  userAgent: z.string(),
})

/**
 * What a portal session keeps; everything else is read from the database at each request. It ends when the user's
 * generation moves on: password reset, sign-out everywhere. `authenticatedAtMs` is when the user last proved password and
 * factor, at the sign-in or when asked again; `pendingTotp` names the secret for an authenticator app that was begun here
 * and is not confirmed; address and browser are those of the sign-in.
 */
export type SignedIn = Readonly<z.infer<typeof signedIn>>

const storedSession = z.looseObject({ cookie: z.looseObject({}), signedIn: signedIn.optional() })

declare module 'fastify' {
  interface Session {
    signedIn?: SignedIn
    /** It comes from the store, where another request may have ended it since. */
    restored?: true
  }
}

/** Gives the name of a session: what may be shown of its id, and does not give away what a browser would have to show. */
export function sessionName(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('base64url')
}

/** Gives the store's key of a session. */
export function sessionKey(name: string): string {
  return `${STORE_PREFIX}:session:${name}`
}

/** Gives the store's key of the index of a user's sessions. */
export function indexKey({ tenantId, userId }: Pick<SignedIn, 'tenantId' | 'userId'>): string {
  return `${STORE_PREFIX}:sessions-of:${tenantId}:${userId}`
}

/** Reads a session as it is stored; null when it is none. */
export function parseSession(text: string): Session | null {
  const value = parseJson(text)
  return isSession(value) ? Object.assign(value, { restored: true as const }) : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSession(value: unknown): value is Session {
  return storedSession.safeParse(value).success
}
