import { EnrolmentClient } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolTotp, PASSWORD } from './auth-service-harness.ts'

const NOT_ALLOWED = { status: 403, code: 'namespace-not-allowed', message: /ask the operator/ }

/** Enough to see a race: without the lock, a round or two go wrong. */
const ROUNDS = 10

let harness: AuthServiceHarness
let networks = 0

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
})

afterAll(() => harness[Symbol.asyncDispose]())

interface Tenant {
  readonly tenantId: string
  /** Makes a network that overlaps with no other. */
  readonly addNetwork: (namespace?: string | null) => Promise<unknown>
  readonly client: EnrolmentClient
}

async function addTenant(slug: string, namespaces: readonly string[]): Promise<Tenant> {
  const { tenantId, administrator } = await harness.operator.createTenant(slug, slug, 'admin', namespaces)
  const { username, oneTimePassword } = administrator
  const client = new EnrolmentClient(harness.publicUrl)
  await client.signIn({ tenant: slug, username, password: oneTimePassword })
  await client.changePassword(oneTimePassword, PASSWORD)
  await enrolTotp({ client })
  const addNetwork = (namespace?: string | null): Promise<unknown> => {
    const number = String(++networks)
    return client.api.call('POST', '/networks', { name: `n${number}`, ipv4: `10.9.${number}.0/24`, namespace })
  }
  return { tenantId, addNetwork, client }
}

const change = (tenant: Tenant, namespaces: readonly unknown[]): Promise<unknown> =>
  harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { namespaces })

const namespacesOf = async (slug: string): Promise<unknown> => {
  const page = await harness.operator.call('GET', `/platform/tenants?search=${slug}`)
  const { items } = page as { items: { slug: string; namespaces: string[] }[] }
  return items.find((tenant) => tenant.slug === slug)?.namespaces
}

it('refuses every namespace, the node’s own too, to a tenant that the operator gave none', async () => {
  const { addNetwork, client } = await addTenant('nothing', [])
  for (const namespace of [undefined, null, 'host', 'elsewhere']) {
    await expect(addNetwork(namespace), String(namespace)).rejects.toMatchObject(NOT_ALLOWED)
  }
  expect(await client.api.call('GET', '/networks')).toEqual({ items: [], next: null })
})

it('refuses another tenant’s namespace with the same words as one that nobody has', async () => {
  await addTenant('owner', ['theirs'])
  const { addNetwork } = await addTenant('intruder', ['host', 'mine'])
  const refusalOf = (namespace: string) => addNetwork(namespace).then(String, (error: unknown) => String(error))
  expect(await refusalOf('theirs')).toBe((await refusalOf('nobodys')).replace('nobodys', 'theirs'))
  await expect(addNetwork('theirs')).rejects.toMatchObject(NOT_ALLOWED)
  await expect(addNetwork('../theirs')).rejects.toMatchObject({ code: 'bad-request' })
})

it('lets no tenant change its own list', async () => {
  const { client, tenantId } = await addTenant('climber', [])
  const attempt = client.api.call('PATCH', `/platform/tenants/${tenantId}`, { namespaces: ['host'] })
  await expect(attempt).rejects.toMatchObject({ code: 'not-operator' })
})

it('hands a namespace out once, however many calls try at the same time; only host is shared', async () => {
  const first = await addTenant('first', ['host', 'red'])
  await expect(addTenant('second', ['host', 'red'])).rejects.toMatchObject({
    status: 409,
    code: 'namespace-taken',
    message: 'The namespace "red" belongs to the tenant "first".',
  })
  expect(await namespacesOf('second')).toBeUndefined()
  const tenants = [await addTenant('a', ['host']), await addTenant('b', ['host']), await addTenant('c', ['host'])]
  await expect(change(first, ['host', 'red', '-x'])).rejects.toMatchObject({ code: 'bad-request' })
  for (let round = 0; round < ROUNDS; round += 1) {
    const namespaces = ['host', `blue-${String(round)}`]
    const outcomes = await Promise.allSettled(tenants.map((tenant) => change(tenant, namespaces)))
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'namespace-taken' })
  }
})

it('keeps a namespace with the tenant whose network is in it, and otherwise moves it', async () => {
  const [from, to] = [await addTenant('from', ['used', 'spare']), await addTenant('to', [])]
  await from.addNetwork('used')
  await expect(change(from, ['spare'])).rejects.toMatchObject({ status: 409, code: 'namespace-in-use' })
  await change(from, ['used'])
  expect(await change(to, ['spare', 'spare'])).toMatchObject({ namespaces: ['spare'], suspended: false })
  await expect(from.addNetwork('spare')).rejects.toMatchObject(NOT_ALLOWED)
  expect(await to.addNetwork('spare')).toMatchObject({ namespace: 'spare' })
  expect([await namespacesOf('from'), await namespacesOf('to')]).toEqual([['used'], ['spare']])
})

it('takes no network into a namespace while it is taken away', async () => {
  const tenant = await addTenant('racer', [])
  for (let round = 0; round < ROUNDS; round += 1) {
    const namespace = `track-${String(round)}`
    const kept = (await namespacesOf('racer')) as string[]
    await change(tenant, [...kept, namespace])
    const outcomes = await Promise.allSettled([tenant.addNetwork(namespace), change(tenant, kept)])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  }
})

it('takes no namespace, null and host for the node’s own', async () => {
  const tenant = await addTenant('plain', ['host'])
  for (const namespace of [undefined, null, 'host'])
    expect(await tenant.addNetwork(namespace)).toMatchObject({ namespace: 'host' })
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { settings: { pingSeconds: 5 } })
  expect(await namespacesOf('plain')).toEqual(['host'])
})
