import { createHash, randomBytes } from 'node:crypto'

import type { z } from 'zod'

import { type SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'

const TOKEN_BYTES = 24

/** KEYS: entry. ARGV: highest number of tries. Counts a try; 0 when there is no such entry, or it takes no more. */
const COUNT_TRY = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) <= tonumber(ARGV[1]) then return 1 end
redis.call('DEL', KEYS[1])
return 0`

/** KEYS: entry. ARGV: text. Adds a note to an entry; 0 when there is no such entry. */
const ADD_NOTE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'note', ARGV[1])
return 1`

/** KEYS: entry, where it goes. Moves an entry with the time that it has left; 0 when there is no such entry. */
const MOVE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
return 1`

/** What one kind of entry is. */
export interface OneUseKind<Kept> {
  /** Part of the key: entries of one kind are never taken for another's. */
  readonly name: string
  readonly schema: z.ZodType<Kept>
  readonly seconds: number
  readonly maxTries: number
}

/** An entry that was neither used up nor has lapsed. */
export interface OneUseEntry<Kept> {
  readonly kept: Kept
  /** What was added to it since. */
  readonly note: string | undefined
  readonly expiresInSeconds: number
}

/** Keeps in Redis what waits for one answer: any instance goes on with what another began, and of several at once one wins. */
export class OneUseStore<Kept> {
  readonly #store: SharedStore
  readonly #kind: OneUseKind<Kept>

  constructor(store: SharedStore, kind: OneUseKind<Kept>) {
    this.#store = store
    this.#kind = kind
  }

  /** Begins an entry; the token that it gives names it, is 192 random bits in base64url, and is stored nowhere. */
  async begin(kept: Kept): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const key = this.#keyOf(token)
    const fields = { kept: JSON.stringify(kept), tries: '0' }
    await this.#store.run((redis) => redis.multi().hset(key, fields).expire(key, this.#kind.seconds).exec())
    return token
  }

  async find(token: string): Promise<OneUseEntry<Kept> | undefined> {
    const key = this.#keyOf(token)
    const [fields, expiresInSeconds] = await this.#store.run((redis) =>
      Promise.all([redis.hgetall(key), redis.ttl(key)]),
    )
    const { kept: text, note } = fields
    if (text === undefined || expiresInSeconds <= 0) return undefined
    return { kept: this.#kind.schema.parse(JSON.parse(text)), note, expiresInSeconds }
  }

  /** Counts a try before the answer is looked at; false when there were too many, which ends the entry. */
  async countTry(token: string): Promise<boolean> {
    const { maxTries } = this.#kind
    return (await this.#store.run((redis) => redis.eval(COUNT_TRY, 1, this.#keyOf(token), maxTries))) === 1
  }

  /** Adds a note in place of the one before; false when the entry was used up or has lapsed. */
  async addNote(token: string, note: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.eval(ADD_NOTE, 1, this.#keyOf(token), note))) === 1
  }

  /** Uses an entry up; of several calls at once one gets true. */
  async useUp(token: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.del(this.#keyOf(token)))) === 1
  }

  /**
   * Uses an entry up and keeps it in another store, under the same token and for the time that it has left; of several
   * calls at once, and of those that use it up, one gets true.
   */
  async moveTo(store: OneUseStore<Kept>, token: string): Promise<boolean> {
    return (await this.#store.run((redis) => redis.eval(MOVE, 2, this.#keyOf(token), store.#keyOf(token)))) === 1
  }

  /** Who can list the keys of Redis must not be able to answer what they stand for. */
  #keyOf(token: string): string {
    return `${STORE_PREFIX}:${this.#kind.name}:${createHash('sha256').update(token).digest('base64url')}`
  }
}
