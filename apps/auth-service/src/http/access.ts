import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'

/** Who may call a route. A route that says nothing can be called by nobody. */
export type AccessLevel =
  | 'public'
  /** Shows the operator's token. */
  | 'operator'
  /** Is signed in, and may still have to change a one-time password. */
  | 'newcomer'
  /** Is signed in with a password of their own. */
  | 'user'
  | 'administrator'

/** Name of the metadata that `Access` sets. */
export const ACCESS_KEY = 'sallyport:access'

/** Opens a route, or all routes of a controller, to those named. */
export function Access(level: AccessLevel): ClassDecorator & MethodDecorator {
  return SetMetadata(ACCESS_KEY, level)
}

/** The signed-in person behind a request. */
export interface Actor {
  readonly tenantId: string
  readonly userId: string
  readonly username: string
  readonly role: 'administrator' | 'user'
}

const ACTOR = Symbol('actor')
type WithActor = FastifyRequest & { [ACTOR]?: Actor }

/** Keeps who is behind a request, for the handlers. */
export function setActor(request: WithActor, actor: Actor): void {
  request[ACTOR] = actor
}

/** Gives a handler the signed-in person. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const actor = context.switchToHttp().getRequest<WithActor>()[ACTOR]
  if (actor === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
  return actor
})
