import { randomBytes } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { HandshakeKeys } from '@sallyport/contracts'
import { Database, type StaticKey, type TenantSession } from '@sallyport/database'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'

const PURPOSE = 'static key'
/** OpenVPN's size of a static key, for tls-crypt and tls-auth alike. */
const KEY_BYTES = 256

/** What the key is for. */
export type StaticKeyMode = HandshakeKeys['staticKeys'][number]['mode']

/** One static key for each tenant that lets clients without tls-crypt-v2 in, sealed in the tenant's row. */
@Injectable()
export class StaticKeys {
  readonly #database: Database
  readonly #secrets: ClusterSecrets

  constructor(@Inject(Database) database: Database, @Inject(ClusterSecrets) secrets: ClusterSecrets) {
    this.#database = database
    this.#secrets = secrets
  }

  /** Removes the tenant's key, and makes one for this mode unless it is `off`; profiles with the old key are dead. */
  async replace(session: TenantSession, tenantId: string, mode: StaticKeyMode | 'off'): Promise<void> {
    await session.staticKey.deleteMany({ where: { tenantId } })
    if (mode === 'off') return
    const key = randomBytes(KEY_BYTES)
    const sealed = this.#secrets.seal(PURPOSE, tenantId, key)
    key.fill(0)
    await session.staticKey.create({ data: { tenantId, mode, sealed } })
  }

  /** Gives a tenant's key; `undefined` while old clients may not come in. */
  async of(tenantId: string): Promise<{ mode: StaticKeyMode; key: Uint8Array } | undefined> {
    const row = await this.#database.withTenant(tenantId, (session) =>
      session.staticKey.findUnique({ where: { tenantId } }),
    )
    return row === null ? undefined : { mode: modeOf(row), key: this.#open(row) }
  }

  /** Lists the keys of all tenants that are not suspended. */
  async served(): Promise<HandshakeKeys['staticKeys']> {
    const tenants = await this.#database.platform.tenant.findMany({
      where: { suspendedAt: null, legacyClients: { not: 'off' } },
      select: { id: true },
      orderBy: { id: 'asc' },
    })
    const keys: HandshakeKeys['staticKeys'] = []
    for (const { id: tenantId } of tenants) {
      const found = await this.of(tenantId)
      if (found !== undefined) keys.push({ tenantId, mode: found.mode, key: Buffer.from(found.key).toString('base64') })
    }
    return keys
  }

  #open({ tenantId, sealed }: StaticKey): Uint8Array {
    return this.#secrets.open(PURPOSE, tenantId, sealed)
  }
}

function modeOf({ mode }: StaticKey): StaticKeyMode {
  return mode === 'tls-auth' ? 'tls-auth' : 'tls-crypt'
}
