import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'
import type { Permission, Role } from './permissions.ts'

/** What somebody who has signed in must do first, and cannot do anything else before. */
export const DUTIES = ['password-change', 'factor-enrolment'] as const
export type Duty = (typeof DUTIES)[number]

/** Who may call a route. A route that says nothing can be called by nobody. */
export interface AccessRule {
  readonly permission: Permission | 'public'
  /** The duties in spite of which it may be called: it is how they are done. */
  readonly despite: readonly Duty[]
  /** Whether an API token may call it; what proves or changes who somebody is wants the person. */
  readonly tokens: 'allowed' | 'refused'
  /**
   * Whether a session must have proven in the last five minutes who it is: somebody at an unlocked screen must not do it.
   * An API token is asked for nothing more: whoever made it proved it then.
   */
  readonly recent: boolean
}

/** Name of the metadata that `Access` sets. */
export const ACCESS_KEY = 'sallyport:access'

/** Opens a route, or all routes of a controller, to those who have the permission. */
export function Access(
  permission: AccessRule['permission'],
  { despite = [], tokens = 'allowed', recent = false }: Partial<Omit<AccessRule, 'permission'>> = {},
): ClassDecorator & MethodDecorator {
  const rule: AccessRule = { permission, despite, tokens, recent }
  return SetMetadata(ACCESS_KEY, rule)
}

/** Who is behind a request to the platform: an operator, or the operator token. */
export interface PlatformActor {
  /** As the audit log names them: `user:<id>`, `token:<id>` or `operator`. */
  readonly auditName: string
  /** What they may do here; less than their role allows when they show an API token. */
  readonly permissions: ReadonlySet<Permission>
}

/** The member of a tenant behind a request. */
export interface Actor extends PlatformActor {
  readonly tenantId: string
  readonly userId: string
  readonly username: string
  readonly role: Role
}

const ACTOR = Symbol('actor')
const OPERATOR = Symbol('operator')
type WithActor = FastifyRequest & { [ACTOR]?: Actor; [OPERATOR]?: PlatformActor }

/** Keeps who is behind a request, for the handlers. */
export function setActor(request: WithActor, actor: Actor): void {
  request[ACTOR] = actor
  request[OPERATOR] = actor
}

/** The same for the operator token, which belongs to no tenant. */
export function setOperator(request: WithActor, operator: PlatformActor): void {
  request[OPERATOR] = operator
}

/** Gives a handler the member of a tenant who calls. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  return present(context.switchToHttp().getRequest<WithActor>()[ACTOR])
})

/** Gives a handler of the platform its caller. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): PlatformActor => {
  return present(context.switchToHttp().getRequest<WithActor>()[OPERATOR])
})

function present<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
  return found
}
