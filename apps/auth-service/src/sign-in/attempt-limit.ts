import { createHmac } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, User } from '@sallyport/database'
import { z } from 'zod'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'
import { attemptSourceOf } from './attempt-source.ts'

/** Wrong attempts that cost nothing, then the wait doubles from one second up to the longest. */
const FREE_ATTEMPTS_OF_ACCOUNT = 5
const FREE_ATTEMPTS_OF_SOURCE = 30
const LONGEST_WAIT_SECONDS = 900
const FORGOTTEN_AFTER_SECONDS = 3600
/** A stock client that repeats a stale credential by itself backs off up to 300 s between two attempts. */
const STALE_SECONDS = 600
const STALE_KEPT = 2

/**
 * KEYS: account, source, stale. ARGV: fingerprint, free attempts of the account, of the source, longest wait, memory,
 * memory of a stale credential (seconds). Counts an attempt before it is checked, so that many at once do not slip
 * through. Returns `wait` with its seconds and 1 for the first refusal of this wait, `stale` with the code that the same
 * credential was refused with, or `counted` with the end of the waits that this attempt began, if any, of account and
 * source. A stale credential counts for its source only.
 */
const BEGIN = `
local now = tonumber(redis.call('TIME')[1])
local wait, waiting = 0, nil
for i = 1, 2 do
  local left = tonumber(redis.call('HGET', KEYS[i], 'until') or '0') - now
  if left > wait then wait, waiting = left, KEYS[i] end
end
if waiting then return {'wait', wait, redis.call('HSETNX', waiting, 'told', '1')} end
local function count(i)
  local ends = ''
  local over = redis.call('HINCRBY', KEYS[i], 'count', 1) - tonumber(ARGV[i + 1])
  if over >= 0 then
    ends = string.format('%d', now + math.min(2 ^ math.min(over, 20), tonumber(ARGV[4])))
    redis.call('HSET', KEYS[i], 'until', ends)
    redis.call('HDEL', KEYS[i], 'told')
  end
  redis.call('EXPIRE', KEYS[i], ARGV[5])
  return ends
end
local sourceEnds = count(2)
for _, entry in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
  if string.sub(entry, 1, #ARGV[1]) == ARGV[1] then
    redis.call('EXPIRE', KEYS[3], ARGV[6])
    return {'stale', string.sub(entry, #ARGV[1] + 2)}
  end
end
return {'counted', count(1), sourceEnds}`

/**
 * KEYS: account, source. ARGV: 1 to forget the account's attempts altogether, then the ends of the waits that the attempt
 * began. Takes a counted attempt back, with its own waits only: another attempt's stays.
 */
const TAKE_BACK = `
for i = 1, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HINCRBY', KEYS[i], 'count', -1)
    if redis.call('HGET', KEYS[i], 'until') == ARGV[i + 1] then redis.call('HDEL', KEYS[i], 'until') end
  end
end
if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) end
return 0`

/** Who tries what; the credential and the state only tell one wrong attempt from another. */
export interface Attempt {
  /** Guessing at the portal must not lock a user's VPN out, nor the other way round; tokens are no guesses of either. */
  readonly realm: 'portal' | 'vpn' | 'vpn-token'
  readonly tenantId: string
  readonly account: string
  /** The remote address. */
  readonly source: string
  readonly credential: readonly (string | undefined)[]
  /** What else the verdict depends on, time apart: when it changes, the same credential is checked anew. */
  readonly state: readonly unknown[]
}

/** An attempt that is to be checked; say how it ended, exactly once. */
export interface OpenAttempt {
  /** The credential was right. */
  succeeded(): Promise<void>
  /** It was refused, and will be again with this code, unchecked, as long as it is repeated. */
  refused(code: string, was: 'a guess' | 'no guess'): Promise<void>
  /** It was not judged. */
  abandoned(): Promise<void>
}

/** An attempt that is not to be checked. */
export type ClosedAttempt =
  /** There were too many; `isFirst` tells one refusal of each waiting period from the others. */
  | { readonly waitSeconds: number; readonly isFirst: boolean }
  /** The same credential was refused with this code a moment ago. */
  | { readonly staleCode: string }

const verdict = z.union([
  z.tuple([z.literal('wait'), z.number(), z.number()]),
  z.tuple([z.literal('stale'), z.string()]),
  z.tuple([z.literal('counted'), z.string(), z.string()]),
])

/** Limits wrong passwords and codes per account and per source, with a growing wait. */
@Injectable()
export class AttemptLimit {
  readonly #store: SharedStore
  readonly #secrets: ClusterSecrets

  constructor(@Inject(SharedStore) store: SharedStore, @Inject(ClusterSecrets) secrets: ClusterSecrets) {
    this.#store = store
    this.#secrets = secrets
  }

  /** Counts an attempt, and tells whether it is to be checked. */
  async begin(attempt: Attempt): Promise<OpenAttempt | ClosedAttempt> {
    const prefix = prefixOf(attempt)
    const account = accountKeyOf(attempt)
    const source = `${prefix}:source:${attemptSourceOf(attempt.source)}`
    const stale = `${prefix}:stale:${attempt.account}`
    const fingerprint = this.#fingerprintOf(attempt)
    const limits = [FREE_ATTEMPTS_OF_ACCOUNT, FREE_ATTEMPTS_OF_SOURCE, LONGEST_WAIT_SECONDS, FORGOTTEN_AFTER_SECONDS]
    const answer = await this.#store.run((redis) =>
      redis.eval(BEGIN, 3, account, source, stale, fingerprint, ...limits, STALE_SECONDS),
    )
    const outcome = verdict.parse(answer)
    if (outcome[0] === 'wait') return { waitSeconds: outcome[1], isFirst: outcome[2] === 1 }
    if (outcome[0] === 'stale') return { staleCode: outcome[1] }
    const [, accountWaitEnds, sourceWaitEnds] = outcome
    const takeBack = async (forgetAccount: boolean): Promise<void> => {
      const forget = forgetAccount ? '1' : '0'
      await this.#store.run((redis) =>
        redis.eval(TAKE_BACK, 2, account, source, forget, accountWaitEnds, sourceWaitEnds),
      )
    }
    return {
      succeeded: () => takeBack(true),
      abandoned: () => takeBack(false),
      refused: async (code, was) => {
        if (was === 'no guess') await takeBack(false)
        await this.#remember(stale, `${fingerprint} ${code}`)
      },
    }
  }

  /** Forgets the wrong attempts of an account that was proven in another way. */
  async forget(attempt: Attempt): Promise<void> {
    await this.#store.run((redis) => redis.del(accountKeyOf(attempt)))
  }

  async #remember(stale: string, entry: string): Promise<void> {
    await this.#store.run((redis) =>
      redis
        .multi()
        .lrem(stale, 0, entry)
        .lpush(stale, entry)
        .ltrim(stale, 0, STALE_KEPT - 1)
        .expire(stale, STALE_SECONDS)
        .exec(),
    )
  }

  #fingerprintOf({ credential, state }: Attempt): string {
    const key = this.#secrets.key('attempt-fingerprint-key').reveal()
    return createHmac('sha256', key)
      .update(JSON.stringify([credential, state]))
      .digest('base64url')
  }
}

function prefixOf({ tenantId, realm }: Attempt): string {
  return `${STORE_PREFIX}:{${tenantId}}:attempts:${realm}`
}

function accountKeyOf(attempt: Attempt): string {
  return `${prefixOf(attempt)}:account:${attempt.account}`
}

/** The state of an account that a verdict on its credentials depends on. */
export function accountState(user: User | null, tenant: Tenant | null = null): readonly unknown[] {
  const { tokenGeneration, totpRequired, totpConfirmedAt, disabledAt } = user ?? {}
  return [tokenGeneration, totpRequired, totpConfirmedAt, disabledAt, tenant?.suspendedAt]
}
