import { answerOf, type ApiClient } from '@sallyport/api-client'

import { UsageError } from './cli-error.ts'

const PAGE = 200
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** Reads a list to its end, or as many as are wanted, part after part; a part may be shorter than asked for. */
export async function everyPage<Item>(
  read: (part: { readonly limit: number; readonly after?: string }) => Promise<Page<Item>>,
  wanted = Infinity,
): Promise<Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const limit = Math.min(PAGE, wanted - items.length)
    const page = await read({ limit, ...(after === undefined ? {} : { after }) })
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined && items.length < wanted)
  return items
}

/** Gives the id of a user who was named by id or user name; throws when there is none. */
export async function userIdOf(api: ApiClient, user: string): Promise<string> {
  if (UUID.test(user)) return user
  const name = user.trim().toLowerCase()
  const found = await everyPage((part) =>
    answerOf(api.GET('/api/v1/users', { params: { query: { ...part, search: name } } })),
  )
  return foundOrRefuse(found.find(({ username }) => username === name)?.userId, 'user', user)
}

/** The same for a tenant and its slug. */
export async function tenantIdOf(api: ApiClient, tenant: string): Promise<string> {
  if (UUID.test(tenant)) return tenant
  const found = await everyPage((part) =>
    answerOf(api.GET('/api/v1/platform/tenants', { params: { query: { ...part, search: tenant } } })),
  )
  return foundOrRefuse(found.find(({ slug }) => slug === tenant)?.tenantId, 'tenant', tenant)
}

/** The same for a group and its name. */
export async function groupIdOf(api: ApiClient, group: string): Promise<string> {
  if (UUID.test(group)) return group
  const found = await everyPage((part) =>
    answerOf(api.GET('/api/v1/groups', { params: { query: { ...part, search: group } } })),
  )
  return foundOrRefuse(found.find(({ name }) => name === group)?.groupId, 'group', group)
}

/** The same for a device of a user and its name. */
export async function deviceIdOf(api: ApiClient, userId: string, device: string): Promise<string> {
  if (UUID.test(device)) return device
  const found = await everyPage((part) =>
    answerOf(api.GET('/api/v1/devices', { params: { query: { ...part, userId, state: 'active' } } })),
  )
  return foundOrRefuse(found.find(({ name }) => name === device)?.deviceId, 'device of this user', device)
}

function foundOrRefuse(id: string | undefined, what: string, name: string): string {
  if (id === undefined) throw new UsageError(`There is no ${what} "${name}".`)
  return id
}
