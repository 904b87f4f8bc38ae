import { Inject, Injectable } from '@nestjs/common'
import { Database, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { FastifyRequest } from 'fastify'

import type { Actor, Duty } from '../http/access.ts'
import { permissionsOf, roleOf } from '../http/permissions.ts'
import { CLOCK } from '../runtime/tokens.ts'

/** A session that nobody uses ends after this time, and every session after the other. */
export const SESSION_IDLE_SECONDS = 30 * 60
export const SESSION_LIFETIME_SECONDS = 12 * 3600

/** What a portal session keeps; everything else is read from the database at each request. */
export interface SignedIn {
  readonly tenantId: string
  readonly userId: string
  /** The session ends when the user's generation moves on: password reset, sign-out everywhere. */
  readonly tokenGeneration: number
  readonly sinceMs: number
  /** The sign-in demanded a code; absent in a session of an earlier version. */
  readonly gaveCode?: boolean
}

/** Who is behind a request. */
export interface Person {
  readonly actor: Actor
  readonly duties: readonly Duty[]
  /** The session has passed the second factor. */
  readonly gaveCode: boolean
}

declare module 'fastify' {
  interface Session {
    signedIn?: SignedIn
  }
}

/** Finds out who is behind a request, from the session cookie and the user's present state. */
@Injectable()
export class PortalSessions {
  readonly #database: Database
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Gives the person, or `undefined` when the session is over, the user disabled or the tenant suspended. */
  async personOf(request: FastifyRequest): Promise<Person | undefined> {
    const { signedIn } = request.session
    if (signedIn === undefined) return undefined
    const { tenantId, userId: id, tokenGeneration } = signedIn
    if (this.#clock.now() - signedIn.sinceMs > SESSION_LIFETIME_SECONDS * 1000) return undefined
    const user = await this.#database.withTenant(tenantId, (session) =>
      session.user.findFirst({
        where: { tenantId, id, tokenGeneration, disabledAt: null, tenant: { suspendedAt: null } },
        include: { tenant: { select: { isPlatform: true } } },
      }),
    )
    if (user === null) return undefined
    const role = roleOf(user, user.tenant)
    const { username } = user
    const actor = { tenantId, userId: id, username, role, permissions: permissionsOf(role), auditName: `user:${id}` }
    const duties: Duty[] = user.oneTimePassword ? ['password-change'] : []
    return { actor, duties, gaveCode: signedIn.gaveCode === true }
  }

  /** Starts a session under a new id, so that an id planted before the sign-in is worth nothing. */
  async start(
    request: FastifyRequest,
    user: Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>,
    gaveCode: boolean,
  ): Promise<void> {
    await request.session.regenerate()
    request.session.signedIn = {
      tenantId: user.tenantId,
      userId: user.id,
      tokenGeneration: user.tokenGeneration,
      sinceMs: this.#clock.now(),
      gaveCode,
    }
  }

  /** Ends the session in the store; the cookie is worth nothing from here on. */
  async end(request: FastifyRequest): Promise<void> {
    await request.session.destroy()
  }
}
