import { randomBytes } from 'node:crypto'

import type { OwnerSession } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { beforeEach, expect, it } from 'vitest'

import { DATA_KEY_PREFIX, masterKeyName, openDataKey, sealDataKey, WrongMasterKeyError } from './data-key.ts'

const newKey = (): Secret<Uint8Array> => new Secret<Uint8Array>(new Uint8Array(randomBytes(32)))
const MASTER_KEY = newKey()

let rows: { name: string; sealed: unknown }[]
const session: OwnerSession = {
  query: (sql, values = []) => {
    if (sql.startsWith('INSERT')) rows.push({ name: String(values[0]), sealed: values[1] })
    return Promise.resolve(sql.startsWith('SELECT') ? rows : [])
  },
}
const hexOf = (key: Secret<Uint8Array>): string => Buffer.from(key.reveal()).toString('hex')

beforeEach(() => {
  rows = []
})

it('makes a data key once, which is not the master key, and opens it from then on', async () => {
  const made = await openDataKey(session, MASTER_KEY)
  expect(hexOf(made)).not.toBe(hexOf(MASTER_KEY))
  expect(hexOf(await openDataKey(session, MASTER_KEY))).toBe(hexOf(made))
  expect(rows.map(({ name }) => name)).toEqual([`${DATA_KEY_PREFIX}${masterKeyName(MASTER_KEY)}`])
})

it('opens the same data key with each master key that has a copy, and with no other', async () => {
  const [made, next] = [await openDataKey(session, MASTER_KEY), newKey()]
  await expect(openDataKey(session, next)).rejects.toThrow(WrongMasterKeyError)
  rows.push(sealDataKey(next, made))
  expect(hexOf(await openDataKey(session, next))).toBe(hexOf(made))
  rows.shift()
  await expect(openDataKey(session, MASTER_KEY)).rejects.toThrow(/MASTER_KEY does not open the secrets/)
})

it('does not take the copy of another master key for its own', async () => {
  const made = await openDataKey(session, MASTER_KEY)
  const [copy] = rows
  rows = [{ name: `${DATA_KEY_PREFIX}${masterKeyName(MASTER_KEY)}`, sealed: sealDataKey(newKey(), made).sealed }]
  await expect(openDataKey(session, MASTER_KEY)).rejects.toThrow(WrongMasterKeyError)
  rows = [{ name: copy?.name ?? '', sealed: 'text' }]
  await expect(openDataKey(session, MASTER_KEY)).rejects.toThrow()
})

it('names master keys without telling anything about them', () => {
  expect(masterKeyName(MASTER_KEY)).toMatch(/^[0-9a-f]{32}$/)
  expect(hexOf(MASTER_KEY)).not.toContain(masterKeyName(MASTER_KEY).slice(0, 8))
  expect(masterKeyName(newKey())).not.toBe(masterKeyName(MASTER_KEY))
})
