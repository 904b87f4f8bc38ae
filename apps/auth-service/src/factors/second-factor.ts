import { createHash } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { Database, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { verifyTotp } from '@sallyport/identity'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK } from '../runtime/tokens.ts'

const PURPOSE = 'totp secret'

/** The columns of a user that the second factor needs. */
export type TotpColumns = Pick<User, 'tenantId' | 'id' | 'totpSecret' | 'totpLastStep'>

/** TOTP of users: the secret is sealed, and a code counts once, whether the portal or a VPN connection used it. */
@Injectable()
export class SecondFactor {
  readonly #database: Database
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#secrets = secrets
    this.#clock = clock
  }

  /** Checks a code and uses up its time step; two instances at once cannot both accept it. */
  async use(user: TotpColumns, code: string): Promise<'accepted' | 'reused' | 'wrong'> {
    if (user.totpSecret === null) return 'wrong'
    const secret = this.open(user, user.totpSecret)
    const nowMs = this.#clock.now()
    const checked = await verifyTotp({ secret, code, nowMs, lastUsedStep: Number(user.totpLastStep) })
    if (checked.result !== 'accepted') return checked.result
    const used = await this.#database.withTenant(user.tenantId, (session) =>
      session.user.updateMany({
        where: { tenantId: user.tenantId, id: user.id, totpLastStep: { lt: checked.step } },
        data: { totpLastStep: checked.step },
      }),
    )
    return used.count === 1 ? 'accepted' : 'reused'
  }

  /** Seals a new secret for the user's row. */
  seal(user: Pick<User, 'tenantId' | 'id'>, secret: string): Uint8Array<ArrayBuffer> {
    return this.#secrets.seal(PURPOSE, identityOf(user), Buffer.from(secret))
  }

  /** Opens a secret as the user's row keeps it. */
  open(user: Pick<User, 'tenantId' | 'id'>, sealed: Uint8Array): string {
    return Buffer.from(this.#secrets.open(PURPOSE, identityOf(user), sealed)).toString()
  }
}

/** Names a sealed secret, and says nothing about what is in it: no secret is sealed twice to the same bytes. */
export function totpNameOf(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('base64url')
}

function identityOf(user: Pick<User, 'tenantId' | 'id'>): string {
  return `${user.tenantId}/${user.id}`
}
