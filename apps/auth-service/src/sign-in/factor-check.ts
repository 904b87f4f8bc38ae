import { Inject, Injectable } from '@nestjs/common'
import type { User } from '@sallyport/database'
import { parseRecoveryCode } from '@sallyport/identity'
import type { FactorMethod } from '@sallyport/mfa-policy'

import { Passkeys } from '../factors/passkeys.ts'
import { RecoveryCodes } from '../factors/recovery-codes.ts'
import { SecondFactor } from '../factors/second-factor.ts'
import type { FactorAnswer, TypedFactor } from './sign-in.schemas.ts'

/** Why a second factor was refused. */
export const FACTOR_REFUSALS = ['wrong-otp', 'wrong-recovery-code', 'wrong-passkey', 'passkey-copied'] as const
export type FactorRefusal = (typeof FACTOR_REFUSALS)[number]

/** What is said of a method that was not asked for, as of a wrong proof of it. */
export const REFUSAL_OF_METHOD = {
  totp: 'wrong-otp',
  'recovery-code': 'wrong-recovery-code',
  passkey: 'wrong-passkey',
} as const satisfies Readonly<Record<FactorMethod, FactorRefusal>>

/** What a second factor came to. A code that was right before its use says that it is no guess. */
export type FactorVerdict = 'accepted' | { readonly code: FactorRefusal; readonly was: 'a guess' | 'no guess' }

/** The columns of a user that the factors need. */
export type FactorUser = Pick<User, 'tenantId' | 'id' | 'totpSecret' | 'totpLastStep' | 'totpConfirmedAt'>

/** Checks whatever second factor somebody gives, and uses it up. */
@Injectable()
export class FactorCheck {
  readonly #totp: SecondFactor
  readonly #recoveryCodes: RecoveryCodes
  readonly #passkeys: Passkeys

  constructor(
    @Inject(SecondFactor) totp: SecondFactor,
    @Inject(RecoveryCodes) recoveryCodes: RecoveryCodes,
    @Inject(Passkeys) passkeys: Passkeys,
  ) {
    this.#totp = totp
    this.#recoveryCodes = recoveryCodes
    this.#passkeys = passkeys
  }

  /** `challenge` is what a passkey must have signed. */
  async use(user: FactorUser, answer: FactorAnswer, challenge: string): Promise<FactorVerdict> {
    switch (answer.method) {
      case 'totp': {
        const used = user.totpConfirmedAt === null ? 'wrong' : await this.#totp.use(user, answer.code)
        return used === 'accepted' ? used : { code: 'wrong-otp', was: used === 'reused' ? 'no guess' : 'a guess' }
      }
      case 'recovery-code': {
        const used = await this.#recoveryCodes.use(user, answer.code)
        return used === 'accepted' ? used : { code: 'wrong-recovery-code', was: 'a guess' }
      }
      case 'passkey': {
        const used = await this.#passkeys.use(user, answer.assertion, challenge)
        if (used === 'accepted') return used
        return { code: used === 'copied' ? 'passkey-copied' : 'wrong-passkey', was: 'no guess' }
      }
    }
  }
}

/** Tells what somebody typed where both are taken. */
export function typedFactorOf(text: string): TypedFactor {
  return { method: parseRecoveryCode(text) === undefined ? 'totp' : 'recovery-code', code: text }
}
