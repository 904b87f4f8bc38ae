import { createHash, timingSafeEqual } from 'node:crypto'

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'

import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { ACCESS_KEY, type AccessRule, type Duty, setActor, setOperator } from './access.ts'
import { ApiProblem } from './api-problem.ts'

const DUTIES = {
  'password-change': ['password-change-required', 'Please choose a password of your own first.'],
  'factor-enrolment': ['enrolment-required', 'Please enrol a second factor first.'],
} as const satisfies Readonly<Record<Duty, readonly [code: string, message: string]>>

/** Checks every request of the public API; a route without `Access` is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reflector: Reflector
  readonly #sessions: PortalSessions
  readonly #operatorTokenHash: Buffer

  constructor(
    @Inject(Reflector) reflector: Reflector,
    @Inject(PortalSessions) sessions: PortalSessions,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#reflector = reflector
    this.#sessions = sessions
    this.#operatorTokenHash = sha256(settings.OPERATOR_TOKEN.reveal())
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()]
    const rule = this.#reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_KEY, places)
    if (rule === undefined) return false
    if (rule.permission === 'public') return true
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    if (rule.permission.startsWith('platform.') && this.#showsOperatorToken(request)) {
      setOperator(request, { auditName: 'operator' })
      return true
    }
    await this.#demandPerson(request, rule)
    return true
  }

  #showsOperatorToken(request: FastifyRequest): boolean {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    return timingSafeEqual(sha256(token), this.#operatorTokenHash)
  }

  async #demandPerson(request: FastifyRequest, { permission, despite }: AccessRule): Promise<void> {
    const person = await this.#sessions.personOf(request)
    const isOfPlatform = permission.startsWith('platform.')
    if (person === undefined)
      throw isOfPlatform ? notOperator(401) : new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    const duty = person.duties.find((open) => !despite.includes(open))
    if (duty !== undefined) {
      const [code, message] = DUTIES[duty]
      throw new ApiProblem(403, code, message)
    }
    if (permission !== 'public' && !person.actor.permissions.has(permission)) {
      if (isOfPlatform) throw notOperator(403)
      throw new ApiProblem(403, 'not-allowed', `You may not do this; it needs the permission ${permission}.`)
    }
    setActor(request, person.actor)
  }
}

function notOperator(status: number): ApiProblem {
  return new ApiProblem(status, 'not-operator', 'This call needs the operator token, or an operator who has signed in.')
}

/** Equal lengths for the comparison, whatever was sent. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
