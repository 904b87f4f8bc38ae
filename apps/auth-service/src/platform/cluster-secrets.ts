import { randomBytes } from 'node:crypto'

import { createAuthority, open, seal, SoftwareIssuer } from '@sallyport/certificate-authority'
import type { Database } from '@sallyport/database'
import { SallyportError, Secret } from '@sallyport/foundation'
import { z } from 'zod'

const PURPOSE = 'platform secret'
const CLUSTER_CA = 'cluster-ca'
/** OpenVPN's size of a tls-crypt-v2 server key. */
const TLS_CRYPT_V2_SERVER_KEY_BYTES = 128
const KEY_BYTES = 32
const CLUSTER_CA_DAYS = 3650

/** Random keys of the cluster, by the name of their row, with their size in bytes. */
const RANDOM_KEYS = {
  'tls-crypt-v2-server-key': TLS_CRYPT_V2_SERVER_KEY_BYTES,
  'session-token-key': KEY_BYTES,
  'attempt-fingerprint-key': KEY_BYTES,
} as const
type RandomKeyName = keyof typeof RANDOM_KEYS

const authorityRow = z.strictObject({ certificatePem: z.string(), privateKeyPkcs8: z.base64() })

/** The master key is not the one that the database's secrets were sealed with. */
export class WrongMasterKeyError extends SallyportError {
  constructor(cause: unknown) {
    super(
      'wrong-master-key',
      'MASTER_KEY does not open the secrets of this database. Give the key that the database was created with. ' +
        'Nothing was changed',
      { cause },
    )
  }
}

/** Proves that the master key opens every secret of an existing installation; throws `WrongMasterKeyError`. */
export function verifyMasterKey(masterKey: Secret<Uint8Array>, sealed: ReadonlyMap<string, Uint8Array>): void {
  try {
    for (const [name, bytes] of sealed) open(masterKey, PURPOSE, name, bytes).fill(0)
  } catch (error) {
    throw new WrongMasterKeyError(error)
  }
}

/** The keys that belong to the whole cluster. They exist once; every instance loads the same. */
export class ClusterSecrets {
  readonly issuer: SoftwareIssuer
  readonly #keys: ReadonlyMap<string, Secret<Uint8Array>>

  private constructor(issuer: SoftwareIssuer, keys: ReadonlyMap<string, Secret<Uint8Array>>) {
    this.issuer = issuer
    this.#keys = keys
  }

  /** Loads the keys; those that do not exist are made first. Instances that start at once agree on one set. */
  static async load(database: Database, masterKey: Secret<Uint8Array>, nowMs: number): Promise<ClusterSecrets> {
    const names = [CLUSTER_CA, ...Object.keys(RANDOM_KEYS)]
    let rows = await database.platform.platformSecret.findMany()
    const missing = names.filter((name) => rows.every((row) => row.name !== name))
    if (missing.length > 0) {
      const data = await Promise.all(
        missing.map(async (name) => ({
          name,
          sealed: seal(masterKey, PURPOSE, name, await createSecret(name, nowMs)),
        })),
      )
      await database.platform.platformSecret.createMany({ data, skipDuplicates: true })
      rows = await database.platform.platformSecret.findMany()
    }
    const opened = new Map(rows.map((row) => [row.name, open(masterKey, PURPOSE, row.name, row.sealed)]))
    const authority = authorityRow.parse(JSON.parse(Buffer.from(opened.get(CLUSTER_CA) ?? []).toString()))
    const privateKey = Buffer.from(authority.privateKeyPkcs8, 'base64')
    const issuer = await SoftwareIssuer.load(authority.certificatePem, privateKey)
    privateKey.fill(0)
    return new ClusterSecrets(issuer, new Map([...opened].map(([name, bytes]) => [name, new Secret(bytes)])))
  }

  /** Certificate of the authority that services of the cluster trust. */
  get clusterCaPem(): string {
    return this.issuer.certificatePem
  }

  /** Gives one of the random keys. */
  key(name: RandomKeyName): Secret<Uint8Array> {
    const key = this.#keys.get(name)
    if (key === undefined) throw new Error(`the cluster has no ${name}`)
    return key
  }
}

async function createSecret(name: string, nowMs: number): Promise<Uint8Array> {
  const randomKey = Object.entries(RANDOM_KEYS).find(([candidate]) => candidate === name)
  if (randomKey !== undefined) return randomBytes(randomKey[1])
  const { certificatePem, privateKeyPkcs8 } = await createAuthority({
    commonName: 'Sallyport cluster',
    nowMs,
    lifetimeDays: CLUSTER_CA_DAYS,
  })
  return Buffer.from(
    JSON.stringify({ certificatePem, privateKeyPkcs8: Buffer.from(privateKeyPkcs8).toString('base64') }),
  )
}
