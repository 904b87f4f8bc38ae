import { Inject, Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'

import type { Actor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { type KeptSession, SessionIndex } from '../sign-in/session-index.ts'
import { UsersRepository } from '../users/users.repository.ts'
import type { OwnSessionView } from './account.schemas.ts'

/** What signed-in people see of their sessions at the portal, and how they end one. */
@Injectable()
export class OwnSessionsService {
  readonly #index: SessionIndex
  readonly #users: UsersRepository

  constructor(@Inject(SessionIndex) index: SessionIndex, @Inject(UsersRepository) users: UsersRepository) {
    this.#index = index
    this.#users = users
  }

  /** Gives the sessions that can still be used, the one that was used last first. */
  async list(actor: Actor, request: FastifyRequest): Promise<OwnSessionView[]> {
    const { tokenGeneration } = await this.#users.get(actor.tenantId, actor.userId)
    const current = this.#index.nameOf(request)
    const kept = await this.#index.list(actor)
    return kept
      .filter(({ signedIn }) => signedIn.tokenGeneration === tokenGeneration)
      .toSorted((one, other) => other.lastUsedAtMs - one.lastUsedAtMs)
      .map((session) => viewOf(session, current))
  }

  /** Throws the 404 when the actor has no such session. */
  async end(actor: Actor, sessionId: string): Promise<void> {
    if (!(await this.#index.end(actor, sessionId))) throw notFound('session')
    const { tenantId, userId } = actor
    const entry = { actor: actor.auditName, action: 'user.end-session', target: `user:${userId}`, userId } as const
    await this.#users.audit(tenantId, entry)
  }
}

function viewOf({ name, signedIn, lastUsedAtMs }: KeptSession, current: string | undefined): OwnSessionView {
  const { sinceMs, address, userAgent, factor } = signedIn
  return {
    sessionId: name,
    current: name === current,
    startedAt: new Date(sinceMs).toISOString(),
    lastUsedAt: new Date(lastUsedAtMs).toISOString(),
    address,
    userAgent,
    factor: factor?.method ?? null,
  }
}
