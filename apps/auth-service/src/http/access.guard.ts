import { createHash, timingSafeEqual } from 'node:crypto'

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'

import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { ACCESS_KEY, type AccessLevel, setActor } from './access.ts'
import { ApiProblem } from './api-problem.ts'

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
    const level = this.#reflector.getAllAndOverride<AccessLevel | undefined>(ACCESS_KEY, [
      context.getHandler(),
      context.getClass(),
    ])
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    switch (level) {
      case undefined:
        return false
      case 'public':
        return true
      case 'operator':
        this.#demandOperator(request)
        return true
      case 'newcomer':
      case 'user':
      case 'administrator':
        await this.#demandUser(request, level)
        return true
    }
  }

  #demandOperator(request: FastifyRequest): void {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!timingSafeEqual(sha256(token), this.#operatorTokenHash)) {
      throw new ApiProblem(401, 'not-operator', 'This call needs the operator token.')
    }
  }

  async #demandUser(request: FastifyRequest, level: 'newcomer' | 'user' | 'administrator'): Promise<void> {
    const person = await this.#sessions.personOf(request)
    if (person === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    if (level !== 'newcomer' && person.mustChangePassword) {
      throw new ApiProblem(403, 'password-change-required', 'Please choose a password of your own first.')
    }
    if (level === 'administrator' && person.actor.role !== 'administrator') {
      throw new ApiProblem(403, 'not-allowed', 'Only administrators may do this.')
    }
    setActor(request, person.actor)
  }
}

/** Equal lengths for the comparison, whatever was sent. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
