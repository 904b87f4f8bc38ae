import { Inject, Injectable } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import { Database, isUniqueViolation, type Passkey, type User } from '@sallyport/database'
import { z } from 'zod'

import { recordAudit } from '../audit/audit-log.ts'
import { OneUseStore } from '../challenges/one-use-store.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { SharedStore } from '../runtime/shared-store.ts'
import type { AddPasskeyRequest, PasskeyCreationOptions } from './passkey.schemas.ts'
import { challengeOf, handleOf, Passkeys } from './passkeys.ts'
import { type NewPasskey, RelyingParty } from './relying-party.ts'

const MAX_PASSKEYS = 20
const SECONDS = 300

const enrolment = z.strictObject({ tenantId: uuid, userId: uuid, tokenGeneration: z.int() })
type EnrollingUser = Pick<User, 'tenantId' | 'id' | 'username' | 'tokenGeneration'>

/** Adds passkeys to accounts: the browser is given a challenge, which it answers once. */
@Injectable()
export class PasskeyEnrolment {
  readonly #database: Database
  readonly #relyingParty: RelyingParty
  readonly #passkeys: Passkeys
  readonly #pending: OneUseStore<z.infer<typeof enrolment>>

  constructor(
    @Inject(Database) database: Database,
    @Inject(RelyingParty) relyingParty: RelyingParty,
    @Inject(Passkeys) passkeys: Passkeys,
    @Inject(SharedStore) store: SharedStore,
  ) {
    this.#database = database
    this.#relyingParty = relyingParty
    this.#passkeys = passkeys
    const kind = { name: 'passkey-enrolment', schema: enrolment, seconds: SECONDS, maxTries: 1 }
    this.#pending = new OneUseStore(store, kind)
  }

  async begin(user: EnrollingUser): Promise<PasskeyCreationOptions> {
    const { tenantId, id: userId, tokenGeneration, username } = user
    const known = await this.#passkeys.list(user)
    if (known.length >= MAX_PASSKEYS) throw tooMany()
    const challenge = await this.#pending.begin({ tenantId, userId, tokenGeneration })
    return this.#relyingParty.creationOptions({ handle: handleOf(user), username }, known, challenge, SECONDS * 1000)
  }

  /** Adds the passkey that answers a challenge of this user; throws the refusal. */
  async finish(user: EnrollingUser, { name, attestation }: AddPasskeyRequest): Promise<Passkey> {
    const challenge = challengeOf(attestation.response) ?? ''
    const found = await this.#pending.find(challenge)
    if (found?.kept.userId !== user.id || found.kept.tenantId !== user.tenantId) throw expired()
    // Used up before it is looked at: whatever is sent, there is no second try.
    if (!(await this.#pending.useUp(challenge)) || found.kept.tokenGeneration !== user.tokenGeneration) throw expired()
    const passkey = await this.#relyingParty.checkAttestation(attestation, challenge)
    if (passkey === undefined) {
      throw new ApiProblem(
        400,
        'bad-passkey',
        'The passkey was not accepted. Please try again on the page of the portal.',
      )
    }
    return this.#add(user, name, passkey, attestation.response.transports)
  }

  async #add(user: EnrollingUser, name: string, made: NewPasskey, transports: readonly string[]): Promise<Passkey> {
    const { tenantId, id: userId, tokenGeneration } = user
    const data = { tenantId, userId, name, ...made, transports: [...transports] }
    try {
      return await this.#database.withTenant(tenantId, async (session) => {
        // Holds the user's row until the end, so that passkeys added at once are counted one after the other.
        const locked = await session.user.updateMany({
          where: { tenantId, id: userId, tokenGeneration, disabledAt: null },
          data: { tokenGeneration },
        })
        if (locked.count !== 1) throw expired()
        if ((await session.passkey.count({ where: { tenantId, userId } })) >= MAX_PASSKEYS) throw tooMany()
        const passkey = await session.passkey.create({ data })
        const of = { actor: `user:${userId}`, userId, target: `passkey:${passkey.id}` }
        await recordAudit(session, tenantId, { ...of, action: 'passkey.add', details: { backedUp: made.backedUp } })
        return passkey
      })
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      throw new ApiProblem(409, 'passkey-known', 'This passkey is in use already. Please choose another authenticator.')
    }
  }
}

function expired(): ApiProblem {
  return new ApiProblem(410, 'challenge-expired', 'This took too long, or was sent before. Please begin again.')
}

function tooMany(): ApiProblem {
  return new ApiProblem(
    409,
    'too-many-passkeys',
    `There are ${String(MAX_PASSKEYS)} passkeys. Please remove one first.`,
  )
}
