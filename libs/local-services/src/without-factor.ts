import { type ApiClient, ApiClientError, fieldOf, requiredText, textField } from './api-client.ts'

const GROUP = 'Without second factor'

/**
 * Puts a user into the group of the tenant of whom no second factor is asked, and gives its id; makes the group if it is
 * not there.
 */
export async function letInWithoutFactor(administrator: ApiClient, userId: string): Promise<string> {
  const groupId = (await findGroup(administrator)) ?? (await makeGroup(administrator))
  await administrator.call('PUT', `/groups/${groupId}/members/${userId}`)
  return groupId
}

async function findGroup(administrator: ApiClient): Promise<string | undefined> {
  const items = fieldOf(await administrator.call('GET', `/groups?search=${encodeURIComponent(GROUP)}`), 'items')
  const groups: readonly unknown[] = Array.isArray(items) ? items : []
  const found = groups.find((group) => textField(group, 'name') === GROUP)
  return found === undefined ? undefined : requiredText(found, 'groupId')
}

async function makeGroup(administrator: ApiClient): Promise<string> {
  try {
    const groupId = requiredText(await administrator.call('POST', '/groups', { name: GROUP }), 'groupId')
    await administrator.call('PUT', `/groups/${groupId}/policy`, { policy: { mfa: 'off' } })
    return groupId
  } catch (error) {
    // Somebody else made it at the same time.
    const found =
      error instanceof ApiClientError && error.code === 'name-taken' ? await findGroup(administrator) : undefined
    if (found === undefined) throw error
    return found
  }
}
