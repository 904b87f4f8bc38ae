import { fieldOf, requiredText } from '@sallyport/local-services'

import { PASSWORD, type TestTenant } from './auth-service-harness.ts'

/** Rules as the API takes them. */
export type Rules = Readonly<Record<string, unknown>>

/** What an administrator does about a tenant's policy. */
export class PolicyDesk {
  readonly tenant: TestTenant
  #groups = 0

  constructor(tenant: TestTenant) {
    this.tenant = tenant
  }

  read(): Promise<unknown> {
    return this.tenant.client.api.call('GET', '/policy')
  }

  /** Changes these rules of the tenant's policy. */
  async change(changes: Rules): Promise<unknown> {
    const { rules, version } = await this.current()
    return this.tenant.client.api.call('PUT', '/policy', { policy: { ...rules, ...changes }, version })
  }

  /** The tenant's rules as they can be given back, and their version. */
  async current(): Promise<{ rules: Rules; version: unknown }> {
    const view = await this.read()
    const shown = Object.entries(recordOf(fieldOf(view, 'policy'))).filter(([rule]) => rule !== 'requiredSince')
    return { rules: Object.fromEntries(shown), version: fieldOf(view, 'version') }
  }

  /** Makes a group that states these rules, behind all others, and gives its id. */
  async group(rules: Rules, ...userIds: readonly string[]): Promise<string> {
    this.#groups += 1
    const { api } = this.tenant.client
    const groupId = requiredText(
      await api.call('POST', '/groups', { name: `Group ${String(this.#groups)}` }),
      'groupId',
    )
    await this.changeGroup(groupId, rules)
    for (const userId of userIds) await api.call('PUT', `/groups/${groupId}/members/${userId}`)
    return groupId
  }

  changeGroup(groupId: string, rules: Rules): Promise<unknown> {
    return this.tenant.client.api.call('PUT', `/groups/${groupId}/policy`, { policy: rules })
  }

  add(groupId: string, userId: string): Promise<unknown> {
    return this.tenant.client.api.call('PUT', `/groups/${groupId}/members/${userId}`)
  }

  remove(groupId: string, userId: string): Promise<unknown> {
    return this.tenant.client.api.call('DELETE', `/groups/${groupId}/members/${userId}`)
  }

  /** Puts these groups before all others. */
  async order(...first: readonly string[]): Promise<void> {
    const { api } = this.tenant.client
    const items = fieldOf(await api.call('GET', '/groups?limit=200'), 'items')
    const ids = (Array.isArray(items) ? items : []).map((group: unknown) => requiredText(group, 'groupId'))
    await api.call('PUT', '/groups/order', { groupIds: [...first, ...ids.filter((id) => !first.includes(id))] })
  }

  effective(userId: string): Promise<unknown> {
    return this.tenant.client.api.call('GET', `/policy/effective?userId=${userId}`)
  }

  /** A dry run of an attempt by this user. */
  dryRun(userId: string, attempt: object, more: object = {}): Promise<unknown> {
    return this.tenant.client.api.call('POST', '/policy/dry-run', { userId, attempt, ...more })
  }

  /** Makes a user of this role and gives a caller that tells status and body of each answer. */
  async caller(publicUrl: string, username: string, role: string): Promise<RawCall> {
    const { api } = this.tenant.client
    const created = await api.call('POST', '/users', { username, role, groupIds: [this.tenant.passwordOnly] })
    const oneTimePassword = requiredText(created, 'oneTimePassword')
    const signedIn = await send(publicUrl, '', 'POST', '/sign-in', {
      tenant: this.tenant.slug,
      username,
      password: oneTimePassword,
    })
    const change = { currentPassword: oneTimePassword, newPassword: PASSWORD }
    const changed = await send(publicUrl, signedIn.cookie, 'POST', '/me/password', change)
    const cookie = changed.cookie === '' ? signedIn.cookie : changed.cookie
    return (method, path, body) => send(publicUrl, cookie, method, path, body)
  }
}

export interface RawAnswer {
  readonly status: number
  readonly body: unknown
  readonly cookie: string
}

export type RawCall = (method: string, path: string, body?: unknown) => Promise<RawAnswer>

async function send(
  publicUrl: string,
  cookie: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<RawAnswer> {
  const response = await fetch(`${publicUrl}/api/v1${path}`, {
    method,
    headers: { cookie, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? undefined : JSON.parse(text),
    cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '',
  }
}

/** The fields that a refusal names. */
export function fieldsOf({ body }: RawAnswer): string[] {
  const issues = fieldOf(body, 'issues')
  return (Array.isArray(issues) ? issues : []).map((issue: unknown) => requiredText(issue, 'path')).toSorted()
}

/** The fields of an answer; none when it is no object. */
export function recordOf(value: unknown): Rules {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
