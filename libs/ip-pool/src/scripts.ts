import { readFileSync } from 'node:fs'

import type { Cluster, Redis, Result } from 'ioredis'

import { LeaseStoreError } from './lease-store-error.ts'

/** What a script answered: a code of the contract in its header, and the values behind it. */
export interface ScriptReply {
  readonly code: ScriptCode
  readonly values: readonly string[]
}

/** First number of every script's reply, and what it means. */
const CODES = new Map([
  [0, 'ok'],
  [1, 'unknown-network'],
  [2, 'pool-full'],
  [3, 'foreign-lease'],
] as const)
const NEWER_VERSION = 9

export type ScriptCode = 'ok' | 'unknown-network' | 'pool-full' | 'foreign-lease'

type Arguments = (string | number)[]

declare module 'ioredis' {
  // Name and parameter are those of ioredis' own declaration, as merging demands.
  interface RedisCommander<Context> {
    sallyportDefinePool(...keysAndArguments: Arguments): Result<unknown, Context>
    sallyportLease(...keysAndArguments: Arguments): Result<unknown, Context>
    sallyportRenew(...keysAndArguments: Arguments): Result<unknown, Context>
    sallyportRelease(...keysAndArguments: Arguments): Result<unknown, Context>
    sallyportReclaim(...keysAndArguments: Arguments): Result<unknown, Context>
    sallyportReadPool(...keysAndArguments: Arguments): Result<unknown, Context>
  }
}

/** Makes the scripts of `lua/` commands of this connection; ioredis sends each text once and its digest from then on. */
export function defineScripts(redis: Redis | Cluster): void {
  redis.defineCommand('sallyportDefinePool', { numberOfKeys: 6, lua: readScript('define-pool-6') })
  redis.defineCommand('sallyportLease', { numberOfKeys: 6, lua: readScript('lease-6') })
  redis.defineCommand('sallyportRenew', { numberOfKeys: 6, lua: readScript('renew-6') })
  redis.defineCommand('sallyportRelease', { numberOfKeys: 5, lua: readScript('release-5') })
  redis.defineCommand('sallyportReclaim', { numberOfKeys: 3, lua: readScript('reclaim-3') })
  redis.defineCommand('sallyportReadPool', { numberOfKeys: 2, lua: readScript('read-pool-2') })
}

/** Checks the shape of a script's reply. */
export function readReply(reply: unknown): ScriptReply {
  if (!Array.isArray(reply)) throw new LeaseStoreError('store-unreadable', 'a lease script did not answer with a list')
  const list: readonly unknown[] = reply
  const [number, ...values] = list
  if (number === NEWER_VERSION) {
    throw new LeaseStoreError('store-unreadable', 'the pool was written by a newer release: upgrade this ip-allocator')
  }
  for (const [known, code] of CODES) if (known === number) return { code, values: values.map(String) }
  throw new LeaseStoreError('store-unreadable', `a lease script answered with the unknown code ${String(number)}`)
}

/** `lua/` stands beside `src/` and `dist/`, so the path is the same from both. */
function readScript(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8')
}
