import { createHash, timingSafeEqual } from 'node:crypto'

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'

import { ApiTokenCheck } from '../api-tokens/api-token-check.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { ACCESS_KEY, type AccessRule, type Actor, type Duty, setActor, setOperator } from './access.ts'
import { ApiProblem } from './api-problem.ts'
import { permissionsOf } from './permissions.ts'

/** What tells an API token from the operator token. */
const API_TOKEN_PREFIX = 'sp_'

/**
 * By this a page says whose it is. All tabs of a browser share one cookie: when another person signs in in one of them,
 * the others must neither act for that person nor show both what is theirs.
 */
const USER_HEADER = 'sallyport-user'

const REFUSALS = {
  'password-change': ['password-change-required', 'Please choose a password of your own first.'],
  'factor-enrolment': ['enrolment-required', 'Please enrol a second factor first.'],
} as const satisfies Readonly<Record<Duty, readonly [code: string, message: string]>>

/** Checks every request of the public API; a route without `Access` is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reflector: Reflector
  readonly #sessions: PortalSessions
  readonly #tokens: ApiTokenCheck
  readonly #operatorTokenHash: Buffer

  constructor(
    @Inject(Reflector) reflector: Reflector,
    @Inject(PortalSessions) sessions: PortalSessions,
    @Inject(ApiTokenCheck) tokens: ApiTokenCheck,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#reflector = reflector
    this.#sessions = sessions
    this.#tokens = tokens
    this.#operatorTokenHash = sha256(settings.OPERATOR_TOKEN.reveal())
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()]
    const rule = this.#reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_KEY, places)
    if (rule === undefined) return false
    if (rule.permission === 'public') return true
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (rule.permission.startsWith('platform.') && this.#isOperatorToken(bearer ?? '')) {
      setOperator(request, { auditName: 'operator', permissions: permissionsOf('operator') })
    } else if (bearer?.startsWith(API_TOKEN_PREFIX) === true) {
      setActor(request, await this.#actorOfToken(bearer, rule))
    } else {
      setActor(request, await this.#actorOfSession(request, rule))
    }
    return true
  }

  #isOperatorToken(token: string): boolean {
    return timingSafeEqual(sha256(token), this.#operatorTokenHash)
  }

  async #actorOfToken(token: string, rule: AccessRule): Promise<Actor> {
    const { actor, duties } = await this.#tokens.ownerOf(token)
    if (rule.tokens === 'refused')
      throw new ApiProblem(403, 'session-required', 'An API token cannot do this. Please sign in and do it yourself.')
    refuseDuties(duties, rule)
    demandPermission(actor, rule)
    return actor
  }

  async #actorOfSession(request: FastifyRequest, rule: AccessRule): Promise<Actor> {
    const person = await this.#sessions.personOf(request)
    if (person === undefined) {
      if (rule.permission.startsWith('platform.')) throw notOperator(401)
      throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    }
    demandSamePerson(request, person.actor)
    refuseDuties(person.duties, rule)
    demandPermission(person.actor, rule)
    if (rule.recent) this.#sessions.demandRecentAuthentication(request)
    return person.actor
  }
}

function demandSamePerson({ headers }: FastifyRequest, { userId }: Actor): void {
  const named = headers[USER_HEADER]
  if (named === undefined || named === userId) return
  throw new ApiProblem(412, 'user-changed', 'Somebody else has signed in in this browser. Please load the page again.')
}

function refuseDuties(duties: readonly Duty[], { despite }: AccessRule): void {
  const duty = duties.find((open) => !despite.includes(open))
  if (duty === undefined) return
  const [code, message] = REFUSALS[duty]
  throw new ApiProblem(403, code, message)
}

function demandPermission({ permissions }: Actor, { permission }: AccessRule): void {
  if (permission === 'public' || permissions.has(permission)) return
  if (permission.startsWith('platform.')) throw notOperator(403)
  throw new ApiProblem(403, 'not-allowed', `You may not do this; it needs the permission ${permission}.`)
}

function notOperator(status: number): ApiProblem {
  return new ApiProblem(status, 'not-operator', 'This call needs the operator token, or an operator who has signed in.')
}

/** Equal lengths for the comparison, whatever was sent. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
