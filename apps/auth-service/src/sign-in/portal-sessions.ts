import { Inject, Injectable } from '@nestjs/common'
import { Database, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { FactorMethod } from '@sallyport/mfa-policy'
import type { FastifyRequest } from 'fastify'

import { Changes } from '../events/changes.ts'
import type { Actor, Duty } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { permissionsOf, roleOf } from '../http/permissions.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { PortalPolicy } from './portal-policy.ts'
import { type GivenFactor, SESSION_LIFETIME_SECONDS, type SignedIn } from './stored-session.ts'

const MAX_USER_AGENT_CHARACTERS = 200

/** How long ago a sign-in, or its repetition, counts as recent. */
const RECENT_SECONDS = 5 * 60

type SessionUser = Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>

/** Who is behind a request. */
export interface Person {
  readonly actor: Actor
  readonly duties: readonly Duty[]
  readonly factor: GivenFactor | undefined
}

/** Finds out who is behind a request, from the session cookie and the user's present state. */
@Injectable()
export class PortalSessions {
  readonly #database: Database
  readonly #policy: PortalPolicy
  readonly #changes: Changes
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(PortalPolicy) policy: PortalPolicy,
    @Inject(Changes) changes: Changes,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#policy = policy
    this.#changes = changes
    this.#clock = clock
  }

  /**
   * Gives the person, or `undefined` when the session is over, the user disabled, the tenant suspended, or what was
   * proven at the sign-in is not enough any more: the policy became stricter, or a factor was enrolled elsewhere.
   */
  async personOf({ session: { signedIn }, ip }: FastifyRequest): Promise<Person | undefined> {
    return signedIn === undefined ? undefined : this.judge(signedIn, ip)
  }

  /** The same for a session as it is kept, used from an address. */
  async judge(signedIn: SignedIn, address: string): Promise<Person | undefined> {
    const { tenantId, userId: id, tokenGeneration, factor } = signedIn
    const nowMs = this.#clock.now()
    if (nowMs - signedIn.sinceMs > SESSION_LIFETIME_SECONDS * 1000) return undefined
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, id, tokenGeneration, disabledAt: null }
      const user = await session.user.findFirst({ where, include: { tenant: true } })
      if (user === null) return undefined
      const given = { address, factor: factor?.method ?? null }
      const { decision } = await this.#policy.look(session, user, user.tenant, given)
      if (decision.decision !== 'allow') return undefined
      const role = roleOf(user, user.tenant)
      const { username } = user
      const actor = { tenantId, userId: id, username, role, permissions: permissionsOf(role), auditName: `user:${id}` }
      return { actor, duties: decision.duties, factor }
    })
  }

  /** Gives when the session ends at the latest; `undefined` when the caller has none. */
  endOf({ session: { signedIn } }: FastifyRequest): Date | undefined {
    return signedIn === undefined ? undefined : new Date(signedIn.sinceMs + SESSION_LIFETIME_SECONDS * 1000)
  }

  /** Starts a session under a new id, so that an id planted before the sign-in is worth nothing. */
  async start(request: FastifyRequest, user: SessionUser, factor: FactorMethod | undefined): Promise<void> {
    const nowMs = this.#clock.now()
    const given = factor === undefined ? {} : { factor: { method: factor, atMs: nowMs } }
    await this.#startAnew(request, user, { authenticatedAtMs: nowMs, ...given })
  }

  /**
   * Goes on under a new id when the user's other sessions were ended; what was proven in this one stays proven, and no
   * more: a password alone is no repetition of the sign-in.
   */
  goOn(request: FastifyRequest, user: SessionUser): Promise<void> {
    const { authenticatedAtMs = 0, factor, pendingTotp } = request.session.signedIn ?? {}
    return this.#startAnew(request, user, {
      authenticatedAtMs,
      ...(factor === undefined ? {} : { factor }),
      ...(pendingTotp === undefined ? {} : { pendingTotp }),
    })
  }

  /** Notes that the person gave a factor in this session, which it has from then on. */
  noteFactor(request: FastifyRequest, method: FactorMethod): void {
    const { signedIn } = request.session
    if (signedIn === undefined) return
    request.session.signedIn = { ...signedIn, factor: { method, atMs: this.#clock.now() } }
  }

  /** Gives which secret for an authenticator app was begun in this session. */
  pendingTotp({ session: { signedIn } }: FastifyRequest): string | undefined {
    return signedIn?.pendingTotp
  }

  /** Notes which secret for an authenticator app was begun in this session, which may show it again. */
  notePendingTotp(request: FastifyRequest, pendingTotp: string): void {
    const { signedIn } = request.session
    if (signedIn === undefined || signedIn.pendingTotp === pendingTotp) return
    request.session.signedIn = { ...signedIn, pendingTotp }
  }

  /** Notes that the person proved again who they are. */
  noteAuthentication(request: FastifyRequest): void {
    const { signedIn } = request.session
    if (signedIn === undefined) return
    request.session.signedIn = { ...signedIn, authenticatedAtMs: this.#clock.now() }
  }

  /**
   * Throws the 403 unless the person has signed in, or proved again who they are, in the last five minutes: for what
   * somebody at an unlocked screen must not do. What is no session never passes.
   */
  demandRecentAuthentication(request: FastifyRequest): void {
    const { signedIn } = request.session
    if (signedIn !== undefined && this.#isRecent(signedIn.authenticatedAtMs)) return
    throw reauthenticationRequired()
  }

  /**
   * The same for what is sensitive only by what it says, and is open to API tokens: these are not asked again, for whoever
   * made one proved it then.
   */
  demandRecentOfSession(request: FastifyRequest): void {
    if (request.session.signedIn !== undefined) this.demandRecentAuthentication(request)
  }

  /** Says whether the person gave a factor in this session in the last five minutes. */
  gaveFactorRecently(request: FastifyRequest): boolean {
    return this.recentFactor(request) !== undefined
  }

  /** Gives the factor that the person gave in this session, unless that was more than five minutes ago. */
  recentFactor(request: FastifyRequest): GivenFactor | undefined {
    const factor = request.session.signedIn?.factor
    return factor !== undefined && this.#isRecent(factor.atMs) ? factor : undefined
  }

  /** Ends the session in the store; the cookie is worth nothing from here on. */
  async end(request: FastifyRequest): Promise<void> {
    const { signedIn } = request.session
    await request.session.destroy()
    if (signedIn !== undefined) this.#changes.announce(signedIn.tenantId, ['own-account'], signedIn.userId)
  }

  async #startAnew(
    request: FastifyRequest,
    user: SessionUser,
    proven: Pick<SignedIn, 'authenticatedAtMs' | 'factor' | 'pendingTotp'>,
  ): Promise<void> {
    await request.session.regenerate()
    const { tenantId, id: userId, tokenGeneration } = user
    const from = { address: request.ip, userAgent: userAgentOf(request) }
    request.session.signedIn = { tenantId, userId, tokenGeneration, sinceMs: this.#clock.now(), ...proven, ...from }
  }

  /** A time in the future, from a clock that was set, is as recent as no time at all. */
  #isRecent(atMs: number): boolean {
    const ageMs = this.#clock.now() - atMs
    return ageMs >= -RECENT_SECONDS * 1000 && ageMs <= RECENT_SECONDS * 1000
  }
}

/** What a browser calls itself, which anybody may write. */
function userAgentOf({ headers }: FastifyRequest): string {
  const text = (headers['user-agent'] ?? '').replaceAll(/[^\x20-\x7e]/g, '').trim()
  return text.slice(0, MAX_USER_AGENT_CHARACTERS)
}

/** The 403 of what needs a sign-in of the last five minutes. */
export function reauthenticationRequired(): ApiProblem {
  return new ApiProblem(403, 'reauthentication-required', 'Please give your password and second factor again.')
}
