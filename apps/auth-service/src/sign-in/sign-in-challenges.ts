import { Inject, Injectable } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import type { User } from '@sallyport/database'
import { FACTOR_METHODS, type FactorMethod } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { OneUseStore } from '../challenges/one-use-store.ts'
import { Passkeys } from '../factors/passkeys.ts'
import { SharedStore } from '../runtime/shared-store.ts'
import type { FactorRequiredAnswer } from './sign-in.schemas.ts'

const SECONDS = 300
/** Wrong answers that one challenge takes; the limits of attempts hold beside it. */
const MAX_TRIES = 5

const pendingSignIn = z.strictObject({
  tenantId: uuid,
  userId: uuid,
  tokenGeneration: z.int(),
  methods: z.array(z.enum(FACTOR_METHODS)),
})

/** A sign-in whose password was right, bound to the user as they were then. */
export type PendingSignIn = z.infer<typeof pendingSignIn>

/**
 * Sign-ins that wait for the second factor. The token that names one is also what a passkey signs: it is random, secret,
 * bound to the user, and counts once.
 */
@Injectable()
export class SignInChallenges {
  readonly #passkeys: Passkeys
  readonly #pending: OneUseStore<PendingSignIn>

  constructor(@Inject(SharedStore) store: SharedStore, @Inject(Passkeys) passkeys: Passkeys) {
    this.#passkeys = passkeys
    const kind = { name: 'sign-in', schema: pendingSignIn, seconds: SECONDS, maxTries: MAX_TRIES }
    this.#pending = new OneUseStore(store, kind)
  }

  async begin(
    user: Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>,
    methods: readonly FactorMethod[],
  ): Promise<FactorRequiredAnswer> {
    const { tenantId, id: userId, tokenGeneration } = user
    const challenge = await this.#pending.begin({ tenantId, userId, tokenGeneration, methods: [...methods] })
    const answer = { status: 'factor-required' as const, challenge, methods: [...methods], expiresInSeconds: SECONDS }
    if (!methods.includes('passkey')) return answer
    return { ...answer, passkeyOptions: await this.#passkeys.requestOptions(user, challenge, SECONDS) }
  }

  async find(challenge: string): Promise<PendingSignIn | undefined> {
    return (await this.#pending.find(challenge))?.kept
  }

  /** Counts a try before the factor is looked at; false when there were too many, which ends the sign-in. */
  countTry(challenge: string): Promise<boolean> {
    return this.#pending.countTry(challenge)
  }

  /** Uses it up; of several calls at once one gets true. */
  useUp(challenge: string): Promise<boolean> {
    return this.#pending.useUp(challenge)
  }
}
