import { randomBytes } from 'node:crypto'

import { deriveSealingKey, open, seal } from '@sallyport/certificate-authority'
import type { OwnerSession } from '@sallyport/database'
import { SallyportError, Secret } from '@sallyport/foundation'
import { z } from 'zod'

import { resealDatabase } from './reseal.ts'

const PURPOSE = 'data key'
const NAME_PURPOSE = 'name of a master key'
const NAME_BYTES = 16
const KEY_BYTES = 32

/** First part of the names of the rows of `platform_secrets` that hold the data key. */
export const DATA_KEY_PREFIX = 'data-key:'

const secretRow = z.object({ name: z.string(), sealed: z.instanceof(Uint8Array) })

/** The master key is not the one that the database's secrets were sealed with, or not any more. */
export class WrongMasterKeyError extends SallyportError {
  constructor(cause?: unknown) {
    super(
      'wrong-master-key',
      'MASTER_KEY does not open the secrets of this database. Give the key that the database was created with, or the ' +
        'one that it was changed to. Nothing was changed',
      { cause },
    )
  }
}

/** Names a master key by a text from which nothing about the key can be told. */
export function masterKeyName(masterKey: Secret<Uint8Array>): string {
  return Buffer.from(deriveSealingKey(masterKey, NAME_PURPOSE).reveal().subarray(0, NAME_BYTES)).toString('hex')
}

/** The copy of the data key for those who start with this master key. */
export function sealDataKey(
  masterKey: Secret<Uint8Array>,
  dataKey: Secret<Uint8Array>,
): { name: string; sealed: Uint8Array<ArrayBuffer> } {
  const name = `${DATA_KEY_PREFIX}${masterKeyName(masterKey)}`
  return { name, sealed: seal(masterKey, PURPOSE, name, dataKey.reveal()) }
}

/**
 * Opens the data key, with which every secret of the database is sealed. An empty database gets one; one whose secrets
 * were sealed with the master key itself gets one too, and its secrets are sealed anew. Throws `WrongMasterKeyError`.
 */
export async function openDataKey(session: OwnerSession, masterKey: Secret<Uint8Array>): Promise<Secret<Uint8Array>> {
  const rows = z.array(secretRow).parse(await session.query('SELECT name, sealed FROM platform_secrets'))
  const copies = rows.filter(({ name }) => name.startsWith(DATA_KEY_PREFIX))
  if (copies.length > 0) {
    const name = `${DATA_KEY_PREFIX}${masterKeyName(masterKey)}`
    const copy = copies.find((row) => row.name === name)
    if (copy === undefined) throw new WrongMasterKeyError()
    return asOurs(() => new Secret<Uint8Array>(open(masterKey, PURPOSE, name, copy.sealed)))
  }
  const dataKey = new Secret<Uint8Array>(new Uint8Array(randomBytes(KEY_BYTES)))
  if (rows.length > 0) await asOurs(() => resealDatabase(session, masterKey, dataKey))
  const { name, sealed } = sealDataKey(masterKey, dataKey)
  await session.query('INSERT INTO platform_secrets (name, sealed) VALUES ($1, $2)', [name, sealed])
  return dataKey
}

async function asOurs<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'sealed-secret-unreadable')
      throw new WrongMasterKeyError(error)
    throw error
  }
}
