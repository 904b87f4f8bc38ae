import { Inject, Injectable } from '@nestjs/common'

import { type Attempt, AttemptLimit, type ClosedAttempt } from './attempt-limit.ts'

/** What a check came to, for the limits: `undecided` when more is to be shown before it counts. */
export type Settlement = 'right' | 'undecided' | { readonly refused: string; readonly was: 'a guess' | 'no guess' }

/** Makes checks of secrets within the limits of attempts. */
@Injectable()
export class LimitedCheck {
  readonly #attempts: AttemptLimit

  constructor(@Inject(AttemptLimit) attempts: AttemptLimit) {
    this.#attempts = attempts
  }

  /** Gives the verdict of `check`, or why it was not made. */
  async run<Verdict>(
    attempt: Attempt,
    check: () => Promise<Verdict>,
    settlementOf: (verdict: Verdict) => Settlement,
  ): Promise<{ readonly verdict: Verdict } | ClosedAttempt> {
    const begun = await this.#attempts.begin(attempt)
    if (!('succeeded' in begun)) return begun
    const verdict = await check().catch(async (error: unknown) => {
      await begun.abandoned()
      throw error
    })
    const settlement = settlementOf(verdict)
    if (settlement === 'right') await begun.succeeded()
    else if (settlement === 'undecided') await begun.abandoned()
    else await begun.refused(settlement.refused, settlement.was)
    return { verdict }
  }

  /** Forgets the wrong attempts of an account that was proven by what cannot be guessed. */
  forget(attempt: Attempt): Promise<void> {
    return this.#attempts.forget(attempt)
  }
}
