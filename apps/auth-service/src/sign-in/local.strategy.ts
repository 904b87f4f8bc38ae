import { type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { AuthGuard, PassportStrategy } from '@nestjs/passport'
import type { FastifyRequest } from 'fastify'
import { Strategy } from 'passport-local'

import { ApiProblem } from '../http/api-problem.ts'
import { parseInput } from '../http/zod-validation.pipe.ts'
import { signInRequest } from './sign-in.schemas.ts'
import { type SignInResult, SignInService } from './sign-in.service.ts'

/** Passport's view of a sign-in with user name and password. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  readonly #signIn: SignInService

  constructor(@Inject(SignInService) signIn: SignInService) {
    super({ passReqToCallback: true, session: false })
    this.#signIn = signIn
  }

  /** What it gives is a "user" to Passport, also when a second factor has to follow. */
  validate(request: FastifyRequest): Promise<SignInResult> {
    return this.#signIn.signIn(parseInput(signInRequest, request.body), request.ip)
  }
}

/** Runs the strategy before the handler; refusals pass as they are. */
@Injectable()
export class LocalSignInGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    // Passport knows a missing field only as "missing credentials": the schema names it.
    parseInput(signInRequest, context.switchToHttp().getRequest<FastifyRequest>().body)
    return Boolean(await super.canActivate(context))
  }

  override handleRequest<Found>(error: unknown, user: Found | false | null): Found {
    if (error instanceof Error) throw error
    if (user === false || user === null) throw new ApiProblem(401, 'sign-in-failed', 'The sign-in failed.')
    return user
  }
}
