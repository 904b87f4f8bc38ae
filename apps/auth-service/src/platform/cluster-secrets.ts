import { randomBytes } from 'node:crypto'

import { createAuthority, deriveSealingKey, open, seal, SoftwareIssuer } from '@sallyport/certificate-authority'
import type { Database } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { z } from 'zod'

import { DATA_KEY_PREFIX, sealDataKey } from './data-key.ts'

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

/**
 * The keys that belong to the whole cluster, and the data key with which every secret in the database is sealed. They
 * exist once; every instance loads the same.
 */
export class ClusterSecrets {
  readonly issuer: SoftwareIssuer
  readonly #dataKey: Secret<Uint8Array>
  readonly #keys: ReadonlyMap<string, Secret<Uint8Array>>

  private constructor(
    issuer: SoftwareIssuer,
    dataKey: Secret<Uint8Array>,
    keys: ReadonlyMap<string, Secret<Uint8Array>>,
  ) {
    this.issuer = issuer
    this.#dataKey = dataKey
    this.#keys = keys
  }

  /** Loads the keys; those that do not exist are made first. Instances that start at once agree on one set. */
  static async load(database: Database, dataKey: Secret<Uint8Array>, nowMs: number): Promise<ClusterSecrets> {
    const where = { NOT: { name: { startsWith: DATA_KEY_PREFIX } } }
    const names = [CLUSTER_CA, ...Object.keys(RANDOM_KEYS)]
    let rows = await database.platform.platformSecret.findMany({ where })
    const missing = names.filter((name) => rows.every((row) => row.name !== name))
    if (missing.length > 0) {
      const data = await Promise.all(
        missing.map(async (name) => ({
          name,
          sealed: seal(dataKey, PURPOSE, name, await createSecret(name, nowMs)),
        })),
      )
      await database.platform.platformSecret.createMany({ data, skipDuplicates: true })
      rows = await database.platform.platformSecret.findMany({ where })
    }
    const opened = new Map(rows.map((row) => [row.name, open(dataKey, PURPOSE, row.name, row.sealed)]))
    const authority = authorityRow.parse(JSON.parse(Buffer.from(opened.get(CLUSTER_CA) ?? []).toString()))
    const privateKey = Buffer.from(authority.privateKeyPkcs8, 'base64')
    const issuer = await SoftwareIssuer.load(authority.certificatePem, privateKey)
    privateKey.fill(0)
    return new ClusterSecrets(issuer, dataKey, new Map([...opened].map(([name, bytes]) => [name, new Secret(bytes)])))
  }

  /**
   * Seals a secret for a row of the database. `purpose` names the kind of secret and `owner` the row: it opens only under
   * the same two, so that rows cannot be swapped.
   */
  seal(purpose: string, owner: string, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    return seal(this.#dataKey, purpose, owner, plaintext)
  }

  /** Opens what `seal` made; throws `SealedSecretError`. The caller wipes the plaintext when it is done. */
  open(purpose: string, owner: string, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
    return open(this.#dataKey, purpose, owner, sealed)
  }

  /** Derives a key of 32 bytes that every instance knows and that is stored nowhere. */
  derive(purpose: string): Secret<Uint8Array> {
    return deriveSealingKey(this.#dataKey, purpose)
  }

  /** The row with which instances can start with this master key. */
  copyFor(masterKey: Secret<Uint8Array>): { name: string; sealed: Uint8Array<ArrayBuffer> } {
    return sealDataKey(masterKey, this.#dataKey)
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
