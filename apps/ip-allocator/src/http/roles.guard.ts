import { TLSSocket } from 'node:tls'

import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { type ClusterPeer, peerOf } from '@sallyport/cluster-identity'
import type { ServiceRole } from '@sallyport/contracts'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'

const ROLES_KEY = 'sallyport:roles'

/** Opens a route to services of these roles. A route that says nothing can be called by nobody. */
export function Roles(...roles: ServiceRole[]): MethodDecorator {
  return SetMetadata(ROLES_KEY, roles)
}

/** Gives a handler the service that calls. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): ClusterPeer => callerOf(context))

/** Lets a service call what its role may call; the role is in its certificate. */
@Injectable()
export class RolesGuard implements CanActivate {
  readonly #reflector: Reflector

  constructor(@Inject(Reflector) reflector: Reflector) {
    this.#reflector = reflector
  }

  canActivate(context: ExecutionContext): boolean {
    const roles = this.#reflector.get<readonly ServiceRole[] | undefined>(ROLES_KEY, context.getHandler())
    if (roles?.includes(callerOf(context).role) === true) return true
    throw new ApiProblem('wrong-role')
  }
}

function callerOf(context: ExecutionContext): ClusterPeer {
  const { socket } = context.switchToHttp().getRequest<FastifyRequest>().raw
  const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined
  if (peer === undefined) throw new ApiProblem('untrusted-connection')
  return peer
}
