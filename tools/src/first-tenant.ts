import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { fieldOf, type PlatformClient } from '@sallyport/local-services'

/** The tenant, its administrator and its network that a first `up` makes. */
export const FIRST_TENANT = 'first'
export const FIRST_ADMINISTRATOR = 'admin'
const NETWORK = { name: 'host', ipv4: '10.8.0.0/24', ipv6: 'fd00:8::/112' }

/**
 * Makes the first tenant with its network, once per data directory, and gives its administrator's one-time password;
 * `undefined` when it was there before. An interrupted run is finished by the next: the password is kept in a file until
 * then.
 */
export async function ensureFirstTenant(
  platform: PlatformClient,
  secretsDirectory: string,
  routes: readonly string[],
): Promise<string | undefined> {
  const passwordFile = join(secretsDirectory, 'first-administrator')
  const tenants = await platform.tenants()
  const tenant = tenants.find(({ slug }) => slug === FIRST_TENANT)
  if (tenant !== undefined && !existsSync(passwordFile)) return undefined
  const tenantId = tenant?.tenantId ?? (await makeTenant(platform, passwordFile))
  const networks = await platform.call('GET', `/platform/tenants/${tenantId}/networks?limit=1`)
  const found = fieldOf(networks, 'items')
  if (!Array.isArray(found) || found.length === 0) {
    await platform.call('POST', `/platform/tenants/${tenantId}/networks`, { ...NETWORK, routes })
  }
  const password = readFileSync(passwordFile, 'utf8')
  rmSync(passwordFile)
  return password
}

async function makeTenant(platform: PlatformClient, passwordFile: string): Promise<string> {
  const { tenantId, administrator } = await platform.createTenant(FIRST_TENANT, 'First tenant', FIRST_ADMINISTRATOR, [
    'host',
  ])
  writeFileSync(passwordFile, administrator.oneTimePassword, { mode: 0o600 })
  return tenantId
}
