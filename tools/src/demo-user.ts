import { randomBytes } from 'node:crypto'

import { EnrolmentClient, requiredText, type RunningStack } from '@sallyport/local-services'
import { totpCode } from '@sallyport/testkit'

import { PRIVATE_ROUTE } from './demo-network.ts'

const TENANT = 'demo'
const TOTP_STEP_MS = 30_000
/** Short, so that the client notices a dead node within the demonstration. */
const KEEPALIVE = { pingSeconds: 1, pingRestartSeconds: 5 }

/** A user who can connect. */
export interface DemoUser {
  readonly username: string
  readonly password: string
  readonly totpSecret: string
  readonly profile: string
}

/** Makes a tenant with a network in `namespace`, and in it a user with a second factor and a device, all by the public API. */
export async function makeDemoUser(stack: RunningStack, namespace: string): Promise<DemoUser> {
  const { tenantId, administrator } = await stack.platform.createTenant(TENANT, 'Demonstration', 'admin', [namespace])
  await stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings: KEEPALIVE })
  await stack.platform.call('POST', `/platform/tenants/${tenantId}/networks`, {
    name: 'office',
    ipv4: '10.8.0.0/24',
    ipv6: 'fd00:8::/112',
    namespace,
    routes: [PRIVATE_ROUTE],
  })
  const admin = await signInFirst(stack.publicUrl, administrator.username, administrator.oneTimePassword)
  const created = await admin.client.api.call('POST', '/users', { username: 'alice' })
  const alice = await signInFirst(stack.publicUrl, 'alice', requiredText(created, 'oneTimePassword'))
  const { profile } = await alice.client.enrolDevice('laptop')
  return { username: 'alice', password: alice.password, totpSecret: alice.totpSecret, profile }
}

async function signInFirst(
  serverUrl: string,
  username: string,
  oneTimePassword: string,
): Promise<{ client: EnrolmentClient; password: string; totpSecret: string }> {
  const client = new EnrolmentClient(serverUrl)
  const password = randomBytes(18).toString('base64url')
  await client.signIn({ tenant: TENANT, username, password: oneTimePassword })
  await client.changePassword(oneTimePassword, password)
  await client.signIn({ tenant: TENANT, username, password })
  const { secret } = await client.beginTotp()
  // A code is good once; the one of the step before leaves the present one for the connection.
  await client.confirmTotp(totpCode(secret, Date.now() - TOTP_STEP_MS))
  return { client, password, totpSecret: secret }
}
