import { EnrolmentClient, requiredText } from '@sallyport/local-services'

import type { Operation } from './api-document.ts'
import { type AuthServiceHarness, enrolTotp, PASSWORD, type TestTenant } from './auth-service-harness.ts'
import { sessionOf, type Shown } from './raw-api.ts'

export const CALLERS = ['operator', 'administrator', 'auditor', 'user', 'token', 'narrow token', 'nobody'] as const
export type CallerName = (typeof CALLERS)[number]

/** Somebody who calls the API. */
export interface Caller {
  readonly shown: Shown
  /** What the document says about whether they may. */
  readonly may: (operation: Operation) => boolean
}

/** One of each: of a tenant, and an operator of the platform's own tenant. */
export async function callersOf(
  harness: AuthServiceHarness,
  tenant: TestTenant,
): Promise<Readonly<Record<CallerName, Caller>>> {
  const { slug, client } = tenant
  const auditor = await harness.user(tenant, 'auditor', { totp: false })
  await client.api.call('PATCH', `/users/${auditor.userId}`, { role: 'auditor' })
  await harness.user(tenant, 'user', { totp: false })
  const member = (username: string): Promise<Shown> =>
    sessionOf(harness.publicUrl, { tenant: slug, username, password: PASSWORD })
  const makeToken = async (scopes: unknown): Promise<Shown> => {
    const body = { name: 'of the test', scopes, expiresInSeconds: 3600 }
    const token = requiredText(await client.api.call('POST', '/me/api-tokens', body), 'token')
    return { authorization: `Bearer ${token}` }
  }
  return {
    operator: { shown: await operator(harness), may: byRole('operator') },
    administrator: { shown: await member('admin'), may: byRole('administrator') },
    auditor: { shown: await member('auditor'), may: byRole('auditor') },
    user: { shown: await member('user'), may: byRole('user') },
    token: { shown: await makeToken('all'), may: (call) => call.takesTokens && byRole('administrator')(call) },
    'narrow token': {
      shown: await makeToken(['groups.read']),
      may: (call) => call.takesTokens && call.permission === 'groups.read',
    },
    nobody: { shown: {}, may: ({ permission }) => permission === 'public' },
  }
}

function byRole(role: string): (operation: Operation) => boolean {
  return ({ permission, roles }) => permission === 'public' || roles.includes(role)
}

/** Operators have a second factor: the platform's tenant has the policy of a new one. */
async function operator(harness: AuthServiceHarness): Promise<Shown> {
  const request = { username: 'operator', credential: 'one-time-password' }
  const created = await harness.operator.call('POST', '/platform/operators', request)
  const [tenant, password] = [requiredText(created, 'tenant'), requiredText(created, 'oneTimePassword')]
  const client = new EnrolmentClient(harness.publicUrl)
  await client.signIn({ tenant, username: 'operator', password })
  await client.changePassword(password, PASSWORD)
  const codes = await enrolTotp({ client })
  return sessionOf(harness.publicUrl, { tenant, username: 'operator', password: PASSWORD, otp: codes.next() })
}
