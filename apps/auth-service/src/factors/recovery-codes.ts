import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateRecoveryCodes, hashRecoveryCode, parseRecoveryCode } from '@sallyport/identity'

import { CLOCK } from '../runtime/tokens.ts'
import type { FactorOwner } from './factors.ts'

/** Recovery codes of users: each stands in for another factor once. */
@Injectable()
export class RecoveryCodes {
  readonly #database: Database
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Makes a set in place of the one before. The codes are in no row and cannot be shown again. */
  async replace(session: TenantSession, { tenantId, id: userId }: FactorOwner): Promise<readonly string[]> {
    const codes = generateRecoveryCodes()
    const owner = { tenantId, userId }
    await session.recoveryCode.deleteMany({ where: owner })
    const data = codes.map((code) => ({ ...owner, codeHash: hashRecoveryCode(owner, code) }))
    await session.recoveryCode.createMany({ data })
    return codes
  }

  /** Tells how many of the set are left, and of how many; both are 0 when there is none. */
  async countOf(session: TenantSession, { tenantId, id: userId }: FactorOwner): Promise<{ left: number; of: number }> {
    const own = { tenantId, userId }
    const of = await session.recoveryCode.count({ where: own })
    const left = await session.recoveryCode.count({ where: { ...own, usedAt: null } })
    return { left, of }
  }

  /** Uses a code up; of several instances at once one gets `accepted`. */
  async use({ tenantId, id: userId }: FactorOwner, text: string): Promise<'accepted' | 'wrong'> {
    const code = parseRecoveryCode(text)
    if (code === undefined) return 'wrong'
    // Found by its digest: what a guess differs in does not show in the time that the index takes.
    const codeHash = hashRecoveryCode({ tenantId, userId }, code)
    const { count } = await this.#database.withTenant(tenantId, (session) =>
      session.recoveryCode.updateMany({
        where: { tenantId, userId, codeHash, usedAt: null },
        data: { usedAt: new Date(this.#clock.now()) },
      }),
    )
    return count === 1 ? 'accepted' : 'wrong'
  }
}
