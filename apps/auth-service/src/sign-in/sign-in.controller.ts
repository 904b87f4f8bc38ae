import { Body, Controller, Header, Inject, Post, Req, UseGuards } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { LocalSignInGuard } from './local.strategy.ts'
import { PortalSessions } from './portal-sessions.ts'
import {
  type SignInAnswer,
  signInAnswer,
  type SignInFactorRequest,
  signInFactorRequest,
  signInRequest,
} from './sign-in.schemas.ts'
import { type SignInResult, SignInService } from './sign-in.service.ts'

const FACTOR_REQUIRED_EXAMPLE = {
  status: 'factor-required',
  challenge: 'b0WJ4mSPQk2dKkN3cGc3wKr0cYH1zB7f',
  methods: ['totp', 'recovery-code'],
  expiresInSeconds: 300,
}

/** The way in: a password, then a second factor where the policy wants one. */
@ApiTags('sign-in')
@Controller('api/v1')
export class SignInController {
  readonly #sessions: PortalSessions
  readonly #signIn: SignInService

  constructor(@Inject(PortalSessions) sessions: PortalSessions, @Inject(SignInService) signIn: SignInService) {
    this.#sessions = sessions
    this.#signIn = signIn
  }

  @Post('sign-in')
  @Access('public')
  @UseGuards(LocalSignInGuard)
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Signs in and starts a session, or asks for the second factor',
    body: signInRequest,
    response: signInAnswer,
    examples: {
      body: { tenant: 'acme', username: 'alice', password: 'violet harbour under 41 lamps' },
      response: FACTOR_REQUIRED_EXAMPLE,
    },
  })
  signIn(@Req() request: FastifyRequest & { user: SignInResult }): Promise<SignInAnswer> {
    return this.#conclude(request, request.user)
  }

  @Post('sign-in/factor')
  @Access('public')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Finishes a sign-in with the second factor and starts a session',
    body: signInFactorRequest,
    response: signInAnswer,
    examples: { body: { challenge: FACTOR_REQUIRED_EXAMPLE.challenge, method: 'totp', code: '492039' } },
  })
  async answer(
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(signInFactorRequest)) { challenge, ...answer }: SignInFactorRequest,
  ): Promise<SignInAnswer> {
    return this.#conclude(request, await this.#signIn.answer(challenge, answer, request.ip))
  }

  @Post('sign-out')
  @Access('self.read', { despite: ['password-change', 'factor-enrolment'], tokens: 'refused' })
  @Contract({ summary: 'Ends the session', status: 204 })
  async signOut(@Req() request: FastifyRequest): Promise<void> {
    await this.#sessions.end(request)
  }

  async #conclude(request: FastifyRequest, result: SignInResult): Promise<SignInAnswer> {
    if (result.status !== 'signed-in') return result
    await this.#sessions.start(request, result.user, result.factor)
    return { status: 'signed-in', ...result.view }
  }
}
