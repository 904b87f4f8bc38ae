import { createHmac, randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, User } from '@sallyport/database'
import { SallyportError } from '@sallyport/foundation'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'
import { z } from 'zod'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'
import { BEGIN, END, WAITING, WAITS } from './attempt-scripts.ts'
import { attemptSourceOf } from './attempt-source.ts'

/** Wrong attempts that cost nothing, then the wait doubles from one second up to the longest. */
const FREE_FAILURES = { account: 5, source: 30 } as const
/** Checks at a time; a source may be the one address of an office whose people all come back at once. */
const MOST_UNDER_WAY = { account: 10, source: 100 } as const
const freeFailures = [FREE_FAILURES.account, FREE_FAILURES.source] as const
const LONGEST_WAIT_SECONDS = 900
const FORGOTTEN_AFTER_SECONDS = 3600
/** What an instance that died was checking counts no longer than this; no check takes as long. */
const LONGEST_CHECK_SECONDS = 30
/** A stock client that repeats a stale credential by itself backs off up to 300 s between two attempts. */
const STALE_SECONDS = 600
const STALE_KEPT = 2
/** Realms whose waits an administrator can end. */
const UNLOCKED_REALMS = ['portal', 'vpn'] as const
/** More are not listed: somebody tries out names, and the waits of sources are what helps. */
const MOST_WAITING_LISTED = 1000

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
  /** What a refusal that is no verdict on the credential depends on besides: device, address, what can be asked. */
  readonly circumstances?: readonly unknown[]
}

/** An attempt that is to be checked; say how it ended, exactly once. */
export interface OpenAttempt {
  /** The credential was right. */
  succeeded(): Promise<void>
  /**
   * It was refused, and will be again with this code, unchecked, as long as it is repeated: anywhere, or under the same
   * circumstances.
   */
  refused(code: string, was: 'a guess' | 'no guess', where?: 'anywhere' | 'here'): Promise<void>
  /** It was not judged. */
  abandoned(): Promise<void>
}

/** An attempt that is not to be checked. */
export type ClosedAttempt =
  /** There were too many; `isFirst` tells one refusal of each waiting period from the others. */
  | { readonly waitSeconds: number; readonly isFirst: boolean }
  /** The same credential was refused with this code a moment ago. */
  | { readonly staleCode: string }

/** What a user's attempts are counted by. */
export type AccountOfUser = Pick<User, 'id' | 'username'>

/** One check under way: its keys, its name, and its account among those that wait. */
interface Check {
  readonly keys: readonly string[]
  readonly name: string
  readonly waiting: string
}

const verdict = z.union([
  z.tuple([z.literal('wait'), z.number(), z.number()]),
  z.tuple([z.literal('stale'), z.string()]),
  z.tuple([z.literal('busy')]),
  z.tuple([z.literal('open')]),
])

const untilSeconds = z.array(z.number())
const waitingNames = z.array(z.string())

const OUTCOMES = ['open', 'wait', 'stale', 'busy'] as const

/** As many attempts of this account or source are being checked as may be at a time; asking again soon makes sense. */
export class AttemptsUnderWayError extends SallyportError {
  constructor() {
    super('attempts-under-way', 'too many attempts of one account or source are being checked at this moment')
  }
}

/**
 * Limits wrong passwords and codes per account and per source, with a growing wait, for all instances together. Of
 * guesses in parallel no more are checked than the free failures and the checks under way: both are counted in Redis.
 */
@Injectable()
export class AttemptLimit {
  readonly #store: SharedStore
  readonly #secrets: ClusterSecrets
  readonly #outcomes: ReasonCounter<(typeof OUTCOMES)[number]>

  constructor(
    @Inject(SharedStore) store: SharedStore,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.#store = store
    this.#secrets = secrets
    this.#outcomes = metrics.reasonCounter('attempts_total', 'Attempts with passwords and codes by limit.', OUTCOMES)
  }

  /** Tells whether an attempt is to be checked; throws `AttemptsUnderWayError` while too many others are. */
  async begin(attempt: Attempt): Promise<OpenAttempt | ClosedAttempt> {
    const keys = keysOf(attempt)
    const check = { keys, name: randomUUID(), waiting: waitingName(attempt.realm, attempt.account) }
    const { credential, state, circumstances = [] } = attempt
    const anywhere = this.#fingerprintOf([credential, state])
    const here = this.#fingerprintOf([credential, state, circumstances])
    const limits = [...freeFailures, MOST_UNDER_WAY.account, MOST_UNDER_WAY.source, LONGEST_CHECK_SECONDS]
    const answer = await this.#store.run((redis) =>
      redis.eval(BEGIN, keys.length, ...keys, anywhere, check.name, ...limits, STALE_SECONDS, here),
    )
    const outcome = verdict.parse(answer)
    this.#outcomes.increment(outcome[0])
    if (outcome[0] === 'wait') return { waitSeconds: outcome[1], isFirst: outcome[2] === 1 }
    if (outcome[0] === 'stale') return { staleCode: outcome[1] }
    if (outcome[0] === 'busy') throw new AttemptsUnderWayError()
    return {
      succeeded: () => this.#end(check, 'right'),
      abandoned: () => this.#end(check, 'neither'),
      refused: (code, was, where = 'anywhere') => {
        const fingerprint = where === 'here' ? here : anywhere
        return this.#end(check, was === 'a guess' ? 'guess' : 'neither', `${fingerprint} ${code}`)
      },
    }
  }

  /** Forgets the wrong attempts of an account that was proven in another way. */
  async forget({ realm, tenantId, account }: Pick<Attempt, 'realm' | 'tenantId' | 'account'>): Promise<void> {
    await this.#forget(tenantId, accountKeysOf(realm, tenantId, account), [waitingName(realm, account)])
  }

  /** Ends what a user has to wait for at the portal and with VPN clients; the waits of sources stay. */
  async unlock(tenantId: string, username: string, userId: string): Promise<void> {
    const keys = [...accountKeysOf('portal', tenantId, username), ...accountKeysOf('vpn', tenantId, userId)]
    await this.#forget(tenantId, keys, waitingNamesOf({ username, id: userId }))
  }

  /** Gives for each user until when they have to wait at the portal or with VPN clients (Unix ms); 0: they need not. */
  async waitsOf(tenantId: string, users: readonly AccountOfUser[]): Promise<number[]> {
    if (users.length === 0) return []
    const names = users.flatMap(waitingNamesOf)
    const answer = await this.#store.run((redis) => redis.eval(WAITS, 1, waitingKeyOf(tenantId), ...names))
    const seconds = untilSeconds.parse(answer)
    const perUser = UNLOCKED_REALMS.length
    return users.map((_, index) => Math.max(...seconds.slice(index * perUser, (index + 1) * perUser)) * 1000)
  }

  /** Names the accounts of which somebody has to wait: by user name at the portal, by user id with VPN clients. */
  async waiting(tenantId: string): Promise<{ usernames: string[]; userIds: string[] }> {
    const answer = await this.#store.run((redis) => redis.eval(WAITING, 1, waitingKeyOf(tenantId), MOST_WAITING_LISTED))
    const names = waitingNames.parse(answer)
    const inRealm = (realm: Attempt['realm']): string[] =>
      names.flatMap((name) => (name.startsWith(`${realm}:`) ? [name.slice(realm.length + 1)] : []))
    return { usernames: inRealm('portal'), userIds: inRealm('vpn') }
  }

  async #forget(tenantId: string, keys: readonly string[], waiting: readonly string[]): Promise<void> {
    await this.#store.run(async (redis) => {
      await redis.zrem(waitingKeyOf(tenantId), ...waiting)
      await redis.del(...keys)
    })
  }

  async #end({ keys, name, waiting }: Check, how: 'right' | 'guess' | 'neither', stale = ''): Promise<void> {
    const limits = [...freeFailures, LONGEST_WAIT_SECONDS, FORGOTTEN_AFTER_SECONDS]
    await this.#store.run((redis) =>
      redis.eval(END, keys.length, ...keys, name, how, ...limits, stale, STALE_KEPT, STALE_SECONDS, waiting),
    )
  }

  #fingerprintOf(attempt: readonly unknown[]): string {
    const key = this.#secrets.key('attempt-fingerprint-key').reveal()
    return createHmac('sha256', key).update(JSON.stringify(attempt)).digest('base64url')
  }
}

/** The keys of one attempt, as the scripts take them; the braces keep a tenant's on one server of a Redis cluster. */
function keysOf({ realm, tenantId, account, source }: Attempt): readonly string[] {
  const prefix = prefixOf(realm, tenantId)
  const from = attemptSourceOf(source)
  return [
    ...[`${prefix}:account:${account}`, `${prefix}:source:${from}`],
    ...[`${prefix}:account-checks:${account}`, `${prefix}:source-checks:${from}`],
    ...[`${prefix}:stale:${account}`, waitingKeyOf(tenantId)],
  ]
}

/** One for all realms of a tenant. */
function waitingKeyOf(tenantId: string): string {
  return `${STORE_PREFIX}:{${tenantId}}:attempts:waiting`
}

function waitingName(realm: Attempt['realm'], account: string): string {
  return `${realm}:${account}`
}

/** In the order of the realms. */
function waitingNamesOf({ username, id }: AccountOfUser): string[] {
  const accounts = { portal: username, vpn: id }
  return UNLOCKED_REALMS.map((realm) => waitingName(realm, accounts[realm]))
}

/** What is remembered of an account: its failures, and the credentials that are refused unchecked. */
function accountKeysOf(realm: Attempt['realm'], tenantId: string, account: string): string[] {
  const prefix = prefixOf(realm, tenantId)
  return [`${prefix}:account:${account}`, `${prefix}:stale:${account}`]
}

function prefixOf(realm: Attempt['realm'], tenantId: string): string {
  return `${STORE_PREFIX}:{${tenantId}}:attempts:${realm}`
}

/** The state of an account that a verdict on its credentials depends on. */
export function accountState(user: User | null, tenant: Tenant | null = null): readonly unknown[] {
  const { tokenGeneration, totpConfirmedAt, disabledAt } = user ?? {}
  return [tokenGeneration, totpConfirmedAt, disabledAt, tenant?.suspendedAt]
}
