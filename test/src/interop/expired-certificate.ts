import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { open, parseMasterKey, SoftwareIssuer } from '@sallyport/certificate-authority'
import { Secret } from '@sallyport/foundation'
import pg from 'pg'

import { blockOf, withBlock } from './profile.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

const PURPOSE = 'tenant authority key'
const HOUR_MS = 3_600_000

/**
 * The profile with a certificate of the same device and key that the tenant's own CA signed, but that ended an hour ago.
 * No API gives one, so it is signed here with the CA's key out of the database.
 */
export async function withExpiredCertificate(
  world: World,
  site: Site,
  device: { deviceId: string; profile: string },
): Promise<string> {
  const issuer = await loadIssuer(world, site)
  const certificate = new X509Certificate(blockOf(device.profile, 'cert'))
  const spki = new Uint8Array(certificate.publicKey.export({ type: 'spki', format: 'der' }))
  const expired = await issuer.issue({
    publicKey: { type: 'ec', spki },
    subject: { profile: 'vpn-device', deviceId: device.deviceId },
    nowMs: Date.now() - 2 * HOUR_MS,
    lifetimeSeconds: HOUR_MS / 1000,
  })
  return withBlock(device.profile, 'cert', expired.certificatePem)
}

async function loadIssuer({ dataDirectory }: World, { tenantId }: Site): Promise<SoftwareIssuer> {
  const secret = async (name: string): Promise<Secret<string>> =>
    new Secret((await readFile(join(dataDirectory, 'secrets', name), 'utf8')).trim())
  const masterKey = parseMasterKey(await secret('master-key'))
  const database = new pg.Client({ connectionString: (await secret('database-url')).reveal() })
  await database.connect()
  try {
    const copies = await database.query<{ name: string; sealed: Buffer }>(
      "SELECT name, sealed FROM platform_secrets WHERE name LIKE 'data-key:%'",
    )
    const { rows } = await database.query<{ id: string; certificate: string; sealed_key: Buffer }>(
      "SELECT id, certificate, sealed_key FROM certificate_authorities WHERE tenant_id = $1 AND state = 'active'",
      [tenantId],
    )
    const [[copy], [row]] = [copies.rows, rows]
    if (copy === undefined) throw new Error('there is no data key')
    if (row === undefined) throw new Error('the tenant has no certificate authority')
    const dataKey = new Secret<Uint8Array>(open(masterKey, 'data key', copy.name, copy.sealed))
    const key = open(dataKey, PURPOSE, `${tenantId}/${row.id}`, row.sealed_key)
    return await SoftwareIssuer.load(row.certificate, key)
  } finally {
    await database.end()
  }
}
