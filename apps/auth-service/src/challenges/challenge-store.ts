import { createHash, randomBytes } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'

/** How long a challenge can be answered. */
export const CHALLENGE_SECONDS = 300
/** Wrong codes that one challenge takes; the limits of attempts hold beside it. */
const MAX_TRIES = 5
const STATE_BYTES = 24

/** KEYS: challenge. ARGV: highest number of tries. Counts a try; 0 when there is no such challenge, or no more. */
const COUNT_TRY = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) <= tonumber(ARGV[1]) then return 1 end
redis.call('DEL', KEYS[1])
return 0`

/** KEYS: challenge. Notes that its user approved it; 0 when there is no such challenge. */
const APPROVE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'approved', '1')
return 1`

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
  readonly approved: boolean
  readonly expiresInSeconds: number
}

/** Challenges that wait for their answer, in Redis: any instance goes on with what another began. */
@Injectable()
export class ChallengeStore {
  readonly #store: SharedStore

  constructor(@Inject(SharedStore) store: SharedStore) {
    this.#store = store
  }

  /** Begins a challenge; the state that it gives names it and cannot be guessed. */
  async begin(challenge: StoredChallenge): Promise<string> {
    const state = randomBytes(STATE_BYTES).toString('base64url')
    const fields = { challenge: JSON.stringify(challenge), tries: '0' }
    await this.#store.run((redis) =>
      redis.multi().hset(keyOf(state), fields).expire(keyOf(state), CHALLENGE_SECONDS).exec(),
    )
    return state
  }

  /** Gives a challenge that was neither used up nor has lapsed. */
  async find(state: string): Promise<PendingChallenge | undefined> {
    const [fields, seconds] = await this.#store.run((redis) =>
      Promise.all([redis.hgetall(keyOf(state)), redis.ttl(keyOf(state))]),
    )
    const { challenge: text, approved } = fields
    if (text === undefined || seconds <= 0) return undefined
    const challenge = storedChallenge.parse(JSON.parse(text))
    return { ...challenge, state, approved: approved === '1', expiresInSeconds: seconds }
  }

  /** Counts a try before the code is looked at; false when there were too many, which ends the challenge. */
  async countTry(state: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.eval(COUNT_TRY, 1, keyOf(state), MAX_TRIES))) === 1
  }

  /** Notes that the user approved it in the browser; false when it was used up or has lapsed. */
  async approve(state: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.eval(APPROVE, 1, keyOf(state)))) === 1
  }

  /** Uses a challenge up; of several calls at once one gets true. */
  async useUp(state: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.del(keyOf(state)))) === 1
  }
}

/** Who can list the keys of Redis must not be able to answer what they stand for. */
function keyOf(state: string): string {
  return `${STORE_PREFIX}:challenge:${createHash('sha256').update(state).digest('base64url')}`
}
