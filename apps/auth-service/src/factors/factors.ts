import { Inject, Injectable } from '@nestjs/common'
import type { TenantSession, User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { FactorMethod } from '@sallyport/mfa-policy'

import { CLOCK } from '../runtime/tokens.ts'

/** Whose factors they are. */
export type FactorOwner = Pick<User, 'tenantId' | 'id'>

/** What users can prove themselves with besides the password. */
@Injectable()
export class Factors {
  readonly #clock: Clock

  constructor(@Inject(CLOCK) clock: Clock) {
    this.#clock = clock
  }

  /** Tells what a user can be asked for. Recovery codes stand in for another factor: alone they are none. */
  async enrolledOf(
    session: TenantSession,
    { tenantId, id: userId, totpConfirmedAt }: FactorOwner & Pick<User, 'totpConfirmedAt'>,
  ): Promise<{ readonly methods: readonly FactorMethod[] }> {
    const own = { tenantId, userId }
    const passkey = await session.passkey.findFirst({ where: own, select: { id: true } })
    const code = await session.recoveryCode.findFirst({ where: { ...own, usedAt: null }, select: { id: true } })
    return {
      methods: factorMethods({
        hasTotp: totpConfirmedAt !== null,
        hasPasskey: passkey !== null,
        hasRecoveryCode: code !== null,
      }),
    }
  }

  /** Takes away the recovery codes of a user who has nothing left that they could stand in for. */
  async removeLeftCodes(session: TenantSession, owner: FactorOwner & Pick<User, 'totpConfirmedAt'>): Promise<void> {
    const { methods } = await this.enrolledOf(session, owner)
    if (methods.length > 0) return
    await session.recoveryCode.deleteMany({ where: { tenantId: owner.tenantId, userId: owner.id } })
  }

  /** Takes every factor away and lets the time to enrol one run anew; ending what the user has open is the caller's. */
  async removeAll(session: TenantSession, { tenantId, id: userId }: FactorOwner): Promise<void> {
    const own = { tenantId, userId }
    await session.passkey.deleteMany({ where: own })
    await session.recoveryCode.deleteMany({ where: own })
    await session.user.updateMany({
      where: { tenantId, id: userId },
      data: { totpSecret: null, totpConfirmedAt: null, factorGraceFrom: new Date(this.#clock.now()) },
    })
  }
}

/** Tells what somebody who has these can be asked for. */
export function factorMethods(has: {
  readonly hasTotp: boolean
  readonly hasPasskey: boolean
  readonly hasRecoveryCode: boolean
}): readonly FactorMethod[] {
  const methods: FactorMethod[] = [
    ...(has.hasTotp ? ['totp' as const] : []),
    ...(has.hasPasskey ? ['passkey' as const] : []),
  ]
  return methods.length > 0 && has.hasRecoveryCode ? [...methods, 'recovery-code'] : methods
}
