import { Inject, Injectable } from '@nestjs/common'
import type { User } from '@sallyport/database'

import { Factors } from '../factors/factors.ts'
import type { AddPasskeyRequest, PasskeyCreationOptions, PasskeyView } from '../factors/passkey.schemas.ts'
import { PasskeyEnrolment } from '../factors/passkey-enrolment.ts'
import { Passkeys, passkeyViewOf } from '../factors/passkeys.ts'
import type { Actor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { OwnAccount } from './own-account.ts'
import { refuseUnaccepted } from './own-factors.service.ts'

/** What signed-in people do with their own passkeys. */
@Injectable()
export class OwnPasskeysService {
  readonly #own: OwnAccount
  readonly #factors: Factors
  readonly #passkeys: Passkeys
  readonly #enrolment: PasskeyEnrolment

  constructor(
    @Inject(OwnAccount) own: OwnAccount,
    @Inject(Factors) factors: Factors,
    @Inject(Passkeys) passkeys: Passkeys,
    @Inject(PasskeyEnrolment) enrolment: PasskeyEnrolment,
  ) {
    this.#own = own
    this.#factors = factors
    this.#passkeys = passkeys
    this.#enrolment = enrolment
  }

  list(actor: Actor): Promise<PasskeyView[]> {
    return this.#own.run(actor, async ({ session, user }) => {
      return (await this.#passkeys.listIn(session, user)).map(passkeyViewOf)
    })
  }

  async begin(actor: Actor): Promise<PasskeyCreationOptions> {
    return this.#enrolment.begin(await this.#userWhoMay(actor))
  }

  async add(actor: Actor, request: AddPasskeyRequest): Promise<PasskeyView> {
    return passkeyViewOf(await this.#enrolment.finish(await this.#userWhoMay(actor), request))
  }

  rename(actor: Actor, passkeyId: string, name: string): Promise<PasskeyView> {
    return this.#own.run(actor, async ({ session, user, audit }) => {
      const where = { tenantId: user.tenantId, userId: user.id, id: passkeyId }
      const [passkey] = await session.passkey.updateManyAndReturn({ where, data: { name } })
      if (passkey === undefined) throw notFound('passkey')
      await audit({ action: 'passkey.rename', target: `passkey:${passkeyId}` })
      return passkeyViewOf(passkey)
    })
  }

  remove(actor: Actor, passkeyId: string): Promise<void> {
    return this.#own.run(actor, async ({ session, user, audit }) => {
      const where = { tenantId: user.tenantId, userId: user.id, id: passkeyId }
      if ((await session.passkey.deleteMany({ where })).count !== 1) throw notFound('passkey')
      await this.#factors.removeLeftCodes(session, user)
      await audit({ action: 'passkey.remove', target: `passkey:${passkeyId}` })
    })
  }

  #userWhoMay(actor: Actor): Promise<User> {
    return this.#own.run(actor, ({ user, look }) => {
      refuseUnaccepted(look, 'passkey')
      return user
    })
  }
}
