import { createHmac } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'

/** Wrong attempts that cost nothing, then the wait doubles from one second up to the longest. */
const FREE_ATTEMPTS_OF_ACCOUNT = 5
const FREE_ATTEMPTS_OF_SOURCE = 30
const LONGEST_WAIT_SECONDS = 900
const FORGOTTEN_AFTER_SECONDS = 3600

/**
 * KEYS: account, source, fingerprint. ARGV: free attempts of the account, of the source, longest wait, memory (seconds).
 * Counts an attempt before it is checked, so that many at once do not slip through. Returns the seconds to wait when the
 * attempt is refused, 0 when it was counted, -1 when the same wrong credential was counted before.
 */
const BEGIN = `
local now = tonumber(redis.call('TIME')[1])
local wait = 0
for i = 1, 2 do
  wait = math.max(wait, tonumber(redis.call('HGET', KEYS[i], 'until') or '0') - now)
end
if wait > 0 then return wait end
if redis.call('EXISTS', KEYS[3]) == 1 then return -1 end
for i = 1, 2 do
  local over = redis.call('HINCRBY', KEYS[i], 'count', 1) - tonumber(ARGV[i])
  if over >= 0 then
    redis.call('HSET', KEYS[i], 'until', now + math.min(2 ^ math.min(over, 20), tonumber(ARGV[3])))
  end
  redis.call('EXPIRE', KEYS[i], ARGV[4])
end
return 0`

/** KEYS: account, source. ARGV: 1 to forget the account's attempts altogether. Takes a counted attempt back. */
const TAKE_BACK = `
for i = 1, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HINCRBY', KEYS[i], 'count', -1)
    redis.call('HDEL', KEYS[i], 'until')
  end
end
if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) end
return 0`

/** Who tries what; the credential only tells one wrong attempt from another. */
export interface Attempt {
  /** Guessing at the portal must not lock a user's VPN out, nor the other way round. */
  readonly realm: 'portal' | 'vpn'
  readonly tenantId: string
  readonly account: string
  readonly source: string
  readonly credential: string
}

/** An attempt that was let through; say how it ended, exactly once. */
export interface OpenAttempt {
  /** The credential was right. */
  succeeded(): Promise<void>
  /** Nothing was guessed, for example because a part was missing. */
  takenBack(): Promise<void>
  /** The credential was wrong; the same one again will not count. */
  failed(): Promise<void>
}

/** Limits wrong passwords and codes per account and per source address, with a growing wait. */
@Injectable()
export class AttemptLimit {
  readonly #store: SharedStore
  readonly #secrets: ClusterSecrets

  constructor(@Inject(SharedStore) store: SharedStore, @Inject(ClusterSecrets) secrets: ClusterSecrets) {
    this.#store = store
    this.#secrets = secrets
  }

  /** Counts an attempt; gives the seconds to wait when there were too many. */
  async begin(attempt: Attempt): Promise<OpenAttempt | { readonly waitSeconds: number }> {
    const prefix = `${STORE_PREFIX}:{${attempt.tenantId}}:attempts:${attempt.realm}`
    const account = `${prefix}:account:${attempt.account}`
    const source = `${prefix}:source:${attempt.source}`
    const fingerprint = `${prefix}:seen:${this.#fingerprintOf(attempt)}`
    const verdict = await this.#store.run((redis) =>
      redis.eval(
        BEGIN,
        3,
        account,
        source,
        fingerprint,
        FREE_ATTEMPTS_OF_ACCOUNT,
        FREE_ATTEMPTS_OF_SOURCE,
        LONGEST_WAIT_SECONDS,
        FORGOTTEN_AFTER_SECONDS,
      ),
    )
    const waitSeconds = Number(verdict)
    if (waitSeconds > 0) return { waitSeconds }
    const counted = waitSeconds === 0
    const takeBack = async (forgetAccount: boolean): Promise<void> => {
      if (!counted && !forgetAccount) return
      await this.#store.run((redis) => redis.eval(TAKE_BACK, 2, account, source, forgetAccount ? '1' : '0'))
    }
    return {
      succeeded: () => takeBack(true),
      takenBack: () => takeBack(false),
      failed: async () => {
        await this.#store.run((redis) => redis.set(fingerprint, '1', 'EX', FORGOTTEN_AFTER_SECONDS))
      },
    }
  }

  #fingerprintOf({ account, credential }: Attempt): string {
    const key = this.#secrets.key('attempt-fingerprint-key').reveal()
    return createHmac('sha256', key)
      .update(JSON.stringify([account, credential]))
      .digest('base64url')
  }
}
