import { Inject, Injectable } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import { FACTOR_METHODS, type FactorMethod } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { SharedStore } from '../runtime/shared-store.ts'
import { OneUseStore } from './one-use-store.ts'

/** How long a challenge can be answered. */
export const CHALLENGE_SECONDS = 300
/** Wrong codes that one challenge takes; the limits of attempts hold beside it. */
const MAX_TRIES = 5

const storedChallenge = z.strictObject({
  method: z.enum(['code', 'web']),
  tenantId: uuid,
  userId: uuid,
  deviceId: uuid,
  certificateSha256: z.string(),
  tokenGeneration: z.int(),
  /** The node whose client waits for the browser; one that comes back with a code may come to another. */
  serviceId: uuid,
  /** What the page behind the link shows. */
  deviceName: z.string(),
  remoteAddress: z.string(),
})

/** What a challenge is about and bound to: nobody else can answer it, from no other device. */
export type StoredChallenge = z.infer<typeof storedChallenge>

/** A challenge that can be answered. */
export interface PendingChallenge extends StoredChallenge {
  readonly state: string
  /** The factor with which its user had signed in who approved it in the browser. */
  readonly approvedWith: FactorMethod | undefined
  readonly expiresInSeconds: number
}

/** Challenges of clients that are about to connect, each waiting for its answer. */
@Injectable()
export class ChallengeStore {
  readonly #pending: OneUseStore<StoredChallenge>
  /** What was declined, for as long as its client can wait to hear of it. */
  readonly #declined: OneUseStore<StoredChallenge>

  constructor(@Inject(SharedStore) store: SharedStore) {
    const kind = { name: 'challenge', schema: storedChallenge, seconds: CHALLENGE_SECONDS, maxTries: MAX_TRIES }
    this.#pending = new OneUseStore(store, kind)
    this.#declined = new OneUseStore(store, { ...kind, name: 'declined-challenge' })
  }

  /** Begins a challenge; the state that it gives names it and cannot be guessed. */
  begin(challenge: StoredChallenge): Promise<string> {
    return this.#pending.begin(challenge)
  }

  /** Gives a challenge that was neither used up nor has lapsed. */
  async find(state: string): Promise<PendingChallenge | undefined> {
    const found = await this.#pending.find(state)
    if (found === undefined) return undefined
    const { kept, note, expiresInSeconds } = found
    const approvedWith = FACTOR_METHODS.find((method) => method === note)
    return { ...kept, state, approvedWith, expiresInSeconds }
  }

  /** Counts a try before the code is looked at; false when there were too many, which ends the challenge. */
  countTry(state: string): Promise<boolean> {
    return this.#pending.countTry(state)
  }

  /** Notes that the user approved it in the browser; false when it was used up or has lapsed. */
  approve(state: string, factor: FactorMethod): Promise<boolean> {
    return this.#pending.addNote(state, factor)
  }

  /** Uses a challenge up because its user says no; false when it was used up before or has lapsed. */
  decline(state: string): Promise<boolean> {
    return this.#pending.moveTo(this.#declined, state)
  }

  /** Gives a challenge that was declined, until its client was told. */
  async findDeclined(state: string): Promise<StoredChallenge | undefined> {
    return (await this.#declined.find(state))?.kept
  }

  /** Notes that the client is told; of several calls at once one gets true. */
  tellDeclined(state: string): Promise<boolean> {
    return this.#declined.useUp(state)
  }

  /** Uses a challenge up; of several calls at once one gets true. */
  useUp(state: string): Promise<boolean> {
    return this.#pending.useUp(state)
  }
}
