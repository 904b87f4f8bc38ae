import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/foundation'
import { ApiClientError, EnrolmentClient, fieldOf, requiredText, type RunningStack } from '@sallyport/local-services'

/** The tenant, its administrator and its network that a first `up` makes. */
export const FIRST_TENANT = 'first'
export const FIRST_ADMINISTRATOR = 'admin'
const NETWORK = { name: 'host', ipv4: '10.8.0.0/24', ipv6: 'fd00:8::/112' }

/** The first tenant is there, but was left half-made and cannot be finished. */
export class FirstTenantError extends SallyportError {}

/**
 * Makes the first tenant, once per data directory, and gives its administrator's one-time password; `undefined` when it
 * was there before. An interrupted run is finished by the next: the password of the moment is kept in a file until then.
 */
export async function ensureFirstTenant(
  stack: Pick<RunningStack, 'publicUrl' | 'platform'>,
  secretsDirectory: string,
  routes: readonly string[],
): Promise<string | undefined> {
  const passwordFile = join(secretsDirectory, 'first-administrator')
  const exists = (await stack.platform.tenantSlugs()).includes(FIRST_TENANT)
  if (exists && !existsSync(passwordFile)) return undefined
  if (!exists) {
    const { platform } = stack
    const { administrator } = await platform.createTenant(FIRST_TENANT, 'First tenant', FIRST_ADMINISTRATOR, ['host'])
    writePasswords(passwordFile, [administrator.oneTimePassword])
  }
  const client = await signIn(stack.publicUrl, passwordFile)
  await ensureNetwork(client, routes)
  const me = fieldOf(await client.api.call('GET', '/me'), 'user')
  const reset = await client.api.call('POST', `/users/${requiredText(me, 'userId')}/reset-password`)
  rmSync(passwordFile)
  return requiredText(reset, 'oneTimePassword')
}

/** The network needs a session, and a session needs a password that is not a one-time one. */
async function signIn(serverUrl: string, passwordFile: string): Promise<EnrolmentClient> {
  const passwords = readFileSync(passwordFile, 'utf8').trim().split('\n')
  for (const password of passwords) {
    const client = new EnrolmentClient(serverUrl)
    try {
      const { mustChangePassword } = await client.signIn({
        tenant: FIRST_TENANT,
        username: FIRST_ADMINISTRATOR,
        password,
      })
      if (!mustChangePassword) return client
      const next = randomBytes(24).toString('base64url')
      writePasswords(passwordFile, [password, next])
      await client.changePassword(password, next)
      await client.signIn({ tenant: FIRST_TENANT, username: FIRST_ADMINISTRATOR, password: next })
      return client
    } catch (error) {
      if (!(error instanceof ApiClientError && error.code === 'sign-in-failed')) throw error
    }
  }
  throw new FirstTenantError(
    'half-made',
    `an interrupted first run left the tenant "${FIRST_TENANT}" half-made: delete ${passwordFile} and make another tenant by the operator API, or move the data directory away`,
  )
}

async function ensureNetwork(client: EnrolmentClient, routes: readonly string[]): Promise<void> {
  const networks = await client.api.call('GET', '/networks')
  if (Array.isArray(networks) && networks.length > 0) return
  await client.api.call('POST', '/networks', { ...NETWORK, routes })
}

function writePasswords(file: string, passwords: readonly string[]): void {
  writeFileSync(file, `${passwords.join('\n')}\n`, { mode: 0o600 })
}
