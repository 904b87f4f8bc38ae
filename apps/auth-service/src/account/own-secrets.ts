import { Inject, Injectable } from '@nestjs/common'
import type { User } from '@sallyport/database'
import { verifyPassword } from '@sallyport/identity'

import { ApiProblem, retryAfter } from '../http/api-problem.ts'
import { accountState } from '../sign-in/attempt-limit.ts'
import { FactorCheck, type FactorRefusal } from '../sign-in/factor-check.ts'
import { LimitedCheck } from '../sign-in/limited-check.ts'
import type { FactorAnswer } from '../sign-in/sign-in.schemas.ts'
import { SIGN_IN_MESSAGES } from '../sign-in/sign-in-outcomes.ts'

/** Demands from signed-in people what only they know or have; as limited as their sign-ins. */
@Injectable()
export class OwnSecrets {
  readonly #limited: LimitedCheck
  readonly #factors: FactorCheck

  constructor(@Inject(LimitedCheck) limited: LimitedCheck, @Inject(FactorCheck) factors: FactorCheck) {
    this.#limited = limited
    this.#factors = factors
  }

  /** Throws the 400 when the password is not right, or was shown a moment ago and was not. */
  async demandPassword(user: User, source: string, password: string): Promise<void> {
    const wrong = new ApiProblem(400, 'wrong-password', 'The present password is not right.')
    await this.demand(user, source, password, wrong, () => verifyPassword(user.passwordHash, password))
  }

  /** The same for a second factor; `challenge` is what a passkey must have signed. */
  async demandFactor(user: User, source: string, answer: FactorAnswer, challenge: string): Promise<void> {
    const problemOf = (code: FactorRefusal): ApiProblem => new ApiProblem(400, code, SIGN_IN_MESSAGES[code])
    if (answer.method === 'passkey') {
      const used = await this.#factors.use(user, answer, challenge)
      if (used !== 'accepted') throw problemOf(used.code)
      return
    }
    const wrong = problemOf(answer.method === 'totp' ? 'wrong-otp' : 'wrong-recovery-code')
    const isRight = async (): Promise<boolean> => (await this.#factors.use(user, answer, challenge)) === 'accepted'
    await this.demand(user, source, answer.code, wrong, isRight)
  }

  /** Throws `wrong` when the secret is not right, or was shown a moment ago and was not. */
  async demand(
    user: User,
    source: string,
    secret: string,
    wrong: ApiProblem,
    isRight: () => Promise<boolean>,
  ): Promise<void> {
    const { tenantId, username: account } = user
    const credential = [wrong.code, secret]
    const attempt = { realm: 'portal' as const, tenantId, account, source, credential, state: accountState(user) }
    const checked = await this.#limited.run(attempt, isRight, (right) => {
      return right ? 'right' : { refused: wrong.code, was: 'a guess' }
    })
    if ('waitSeconds' in checked) {
      const headers = retryAfter(checked.waitSeconds)
      throw new ApiProblem(429, 'too-many-attempts', SIGN_IN_MESSAGES['too-many-attempts'], undefined, headers)
    }
    if ('staleCode' in checked || !checked.verdict) throw wrong
  }
}
