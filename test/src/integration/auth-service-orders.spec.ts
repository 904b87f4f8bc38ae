import { X509Certificate } from 'node:crypto'

import { ApiClient, type ClusterCredentials, createKeyAndRequest } from '@sallyport/cluster-identity'
import { enrolResponse, syncResponse, tenantList } from '@sallyport/contracts'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestDevice,
  type TestTenant,
  type TestUser,
} from './auth-service-harness.ts'
import { startReplica } from './auth-service-replica.ts'
import { listItems } from './list-items.ts'
import { listen } from './order-listener.ts'

const REVOKED_WITHIN_MS = 2000

const overviewShown = z.object({
  series: z.array(z.object({ admitted: z.int() })),
  failures: z.array(z.object({ code: z.string(), count: z.int() })),
})

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
})

afterAll(async () => {
  await database.end()
  await harness[Symbol.asyncDispose]()
})

async function connected(username: string): Promise<{ user: TestUser; device: TestDevice; connectionId: string }> {
  const user = await harness.user(tenant, username, { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const answer = await node.authorise(authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD }))
  if (answer.decision !== 'allow') throw new Error(answer.decision)
  return { user, device, connectionId: answer.grant.connectionId }
}

const nothing = { safeParse: () => ({ success: true as const, data: undefined }) }
const sync = (connectionIds: string[]) =>
  node.api.call({
    method: 'POST',
    path: '/node-api/v1/connections/sync',
    body: { connectionIds },
    response: syncResponse,
  })

it('lets nobody in without a client certificate, with another role, or after another enrolment under the same name', async () => {
  const { clusterCaPem } = await harness.enrol('vpn-node', 'node-2')
  const anonymous = new ApiClient({
    baseUrl: harness.nodeApiUrl,
    serverRole: 'auth-service',
    credentials: { clusterCaPem },
  })
  const tenants = (client: ApiClient) =>
    client.call({ method: 'GET', path: '/node-api/v1/tenants', response: tenantList })
  await expect(tenants(anonymous)).rejects.toMatchObject({ status: 401, code: 'no-client-certificate' })
  const allocator = await harness.enrol('ip-allocator', 'allocator-1')
  const foreign = new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials: allocator })
  await expect(tenants(foreign)).rejects.toMatchObject({ status: 403, code: 'wrong-role' })

  const first = await harness.node('node-3')
  await tenants(first.api)
  await using orders = await listen(first.api)
  const second = await harness.node('node-3')
  await expect(orders.next()).rejects.toThrow(/stream|failed/)
  await expect(tenants(first.api)).rejects.toMatchObject({ status: 403, code: 'unknown-service' })
  expect((await tenants(second.api)).tenants).toEqual([
    { tenantId: tenant.tenantId, slug: 'acme', authorityVersion: 1 },
  ])
})

it('takes a join token once, and only for the name that it was made for', async () => {
  const joinToken = await harness.operator.createJoinToken('vpn-node', 'node-4')
  const { clusterCaPem } = await harness.enrol('vpn-node', 'node-5')
  const credentials = { clusterCaPem }
  const anonymous = new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials })
  const enrol = (body: object) =>
    anonymous.call({ method: 'POST', path: '/node-api/v1/enrol', body, response: nothing })
  const request = { version: 1, joinToken, name: 'node-4', csr: 'no request', hosts: [] }
  await expect(enrol({ ...request, name: 'other' })).rejects.toMatchObject({ status: 403, code: 'join-token-refused' })
  await expect(enrol({ ...request, joinToken: `sp1.${'A'.repeat(43)}.${'0'.repeat(64)}` })).rejects.toMatchObject({
    status: 403,
  })
  await expect(enrol({ ...request, version: 2 })).rejects.toMatchObject({ code: 'version-mismatch' })
  await expect(enrol(request)).rejects.toMatchObject({ status: 400, code: 'bad-csr' })
})

it('gives nodes different slots and the same keys', async () => {
  const [one, two] = [await harness.enrol('vpn-node', 'slot-a'), await harness.enrol('vpn-node', 'slot-b')]
  expect(one.nodeSecrets?.nodeSlot).not.toBe(two.nodeSecrets?.nodeSlot)
})

it('renews an identity and keeps the one before, not older ones', async () => {
  const enrolled = await harness.enrol('ip-allocator', 'renewed')
  const clientOf = (credentials: ClusterCredentials) =>
    new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials })
  const renew = async (credentials: ClusterCredentials): Promise<ClusterCredentials> => {
    const { privateKeyPem, csrPem } = await createKeyAndRequest('renewed')
    const call = { method: 'POST', path: '/node-api/v1/renew-identity', body: { version: 1, csr: csrPem } } as const
    const answer = await clientOf(credentials).call({ ...call, response: enrolResponse })
    expect(answer.serviceId).toBe(enrolled.serviceId)
    const certificate = new X509Certificate(answer.certificate)
    expect(certificate.subjectAltName).toContain('DNS:localhost')
    expect(certificate.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(7 * 24 * 3600 * 1000)
    return { privateKeyPem, certificatePem: answer.certificate, clusterCaPem: answer.clusterCa }
  }
  await renew(enrolled)
  const second = await renew(enrolled)
  await renew(second)
  await expect(renew(enrolled)).rejects.toMatchObject({ status: 403, code: 'unknown-service' })
})

it('signs a server certificate with the name that profiles demand, for existing tenants only', async () => {
  const call = (tenantId: string) =>
    node.api.call({
      method: 'POST',
      path: `/node-api/v1/tenants/${tenantId}/server-certificate`,
      body: { csr: 'no request' },
      response: nothing,
    })
  await expect(call(tenant.tenantId)).rejects.toMatchObject({ code: 'bad-csr' })
  await expect(call('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ status: 404 })
})

it('tells a node at once when a device is revoked, a user disabled, a connection ended, a network changed', async () => {
  const { user, device, connectionId } = await connected('alice')
  await using orders = await listen(node.api)
  const { api } = tenant.client
  await api.call('DELETE', `/connections/${connectionId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', connectionId, code: 'connection-ended' })
  await api.call('DELETE', `/devices/${device.deviceId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', deviceId: device.deviceId, code: 'device-revoked' })
  await api.call('PATCH', `/users/${user.userId}`, { disabled: true })
  expect(await orders.next()).toMatchObject({ type: 'revoked', userId: user.userId, code: 'user-disabled' })
  const [network] = await listItems(api, '/networks')
  await api.call('PATCH', `/networks/${String(network?.['networkId'])}`, { routes: ['10.30.0.0/16'] })
  expect(await orders.next()).toMatchObject({ type: 'policy-changed', network: { routes: ['10.30.0.0/16'] } })
})

it('orders a capture of its node alone, and audits who wanted it and what came of it', async () => {
  const { connectionId } = await connected('carla')
  const other = await harness.node('node-6')
  await using orders = await listen(node.api)
  await using foreign = await listen(other.api)
  const { api } = tenant.client
  const path = `/connections/${connectionId}/captures`
  for (const bad of [{}, { side: 'both' }, { side: 'inner', seconds: 0 }, { side: 'inner', maxBytes: 100 }])
    await expect(api.call('POST', path, bad)).rejects.toMatchObject({ status: 400 })
  const view = await api.call('POST', path, { side: 'outer', seconds: 5 })
  const { captureId } = view as { captureId: string }
  expect(view).toEqual({ captureId, node: 'node-1', fileName: `${captureId}.pcapng` })
  const order = { type: 'capture', captureId, connectionId, side: 'outer', seconds: 5, maxBytes: 64 * 2 ** 20 }
  expect(await orders.next()).toEqual(order)
  const captured = { type: 'captured', connectionId, captureId, outcome: 'finished', packets: '7', missed: '1' }
  const report = (client: ApiClient) =>
    client.call({
      method: 'POST',
      path: '/node-api/v1/connections/reports',
      body: { reports: [captured] },
      response: nothing,
    })
  await report(node.api)
  await report(other.api)
  const sql = 'select actor, action, outcome, details::json from audit_events where target = $1 order by at'
  const { rows } = await database.query<{ actor: string }>(sql, [`connection:${connectionId}`])
  expect(rows.filter(({ actor }) => !actor.startsWith('device:'))).toEqual([
    {
      actor: expect.stringMatching(/^user:/) as string,
      action: 'connection.capture-outer',
      outcome: 'ok',
      details: { captureId, seconds: 5, maxBytes: 64 * 2 ** 20 },
    },
    {
      actor: expect.stringMatching(/^service:/) as string,
      action: 'connection.captured',
      outcome: 'ok',
      details: { captureId, packets: '7', missed: '1' },
    },
  ])
  await api.call('DELETE', `/connections/${connectionId}`)
  // The first that the other node hears.
  expect(await foreign.next()).toMatchObject({ type: 'revoked', connectionId })
})

it('ends connections when a password or the second factor is reset, and when people change their own password', async () => {
  const { user, device, connectionId } = await connected('erik')
  const bystander = await connected('eva')
  await using orders = await listen(node.api)
  const next = 'another harbour under 42 lamps'
  await user.client.changePassword(PASSWORD, next)
  const { tenantId } = tenant
  expect(await orders.next()).toMatchObject({
    type: 'revoked',
    tenantId,
    userId: user.userId,
    code: 'password-changed',
  })
  // A node that missed the order learns it when it synchronises.
  const { end } = await sync([connectionId, bystander.connectionId])
  expect(end).toMatchObject([{ connectionId, code: 'connection-ended' }])
  const again = await node.decision(authoriseRequestOf(user, device, { kind: 'password', password: next }))
  expect(again).toBe('allow')
  for (const code of ['password-reset', 'factors-reset']) {
    await tenant.client.api.call('POST', `/users/${user.userId}/${code.replace(/(.*)-reset/, 'reset-$1')}`)
    expect(await orders.next()).toMatchObject({ type: 'revoked', tenantId, userId: user.userId, code })
  }
})

it('drains one node only, and tells it again when it comes back', async () => {
  const drained = await harness.enrol('vpn-node', 'drained')
  const client = new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials: drained })
  await using bystander = await listen(node.api)
  {
    await using orders = await listen(client)
    await harness.operator.call('POST', `/platform/services/${drained.serviceId}/drain`)
    expect(await orders.next()).toEqual({ type: 'drain' })
  }
  await using again = await listen(client)
  expect(await again.next()).toEqual({ type: 'drain' })
  await harness.operator.call('POST', `/platform/services/${drained.serviceId}/resume`)
  expect(await again.next()).toEqual({ type: 'resume' })
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { suspended: true })
  expect(await bystander.next()).toMatchObject({ type: 'revoked', code: 'tenant-suspended' })
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { suspended: false })
})

it('takes a revoked service out at once: its open stream ends, its calls are refused, until it enrols anew', async () => {
  const credentials = await harness.enrol('vpn-node', 'stolen')
  const clientOf = (of: ClusterCredentials) =>
    new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials: of })
  const client = clientOf(credentials)
  const revoke = (serviceId: string) => harness.operator.call('POST', `/platform/services/${serviceId}/revoke`)
  await expect(revoke('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ status: 404 })
  await expect(
    tenant.client.api.call('POST', `/platform/services/${credentials.serviceId}/revoke`),
  ).rejects.toMatchObject({ code: 'not-operator' })
  await using bystander = await listen(node.api)
  await using orders = await listen(client)
  expect(await revoke(credentials.serviceId)).toBeUndefined()
  const revokedAtMs = performance.now()
  await expect(orders.next()).rejects.toThrow(/ended|failed/)
  expect(performance.now() - revokedAtMs).toBeLessThan(REVOKED_WITHIN_MS / 2)

  for (const path of ['/node-api/v1/tenants', '/node-api/v1/orders'])
    await expect(client.call({ method: 'GET', path, response: nothing })).rejects.toMatchObject({
      status: 403,
      code: 'unknown-service',
    })
  await revoke(credentials.serviceId)
  const services = await listItems(harness.operator, '/platform/services')
  expect(services.find((service) => service['name'] === 'stolen')).toMatchObject({ revoked: true })
  expect(services.find((service) => service['name'] === 'node-1')).toMatchObject({ revoked: false })

  const anew = await harness.enrol('vpn-node', 'stolen')
  expect(anew.serviceId).toBe(credentials.serviceId)
  await using again = await listen(clientOf(anew))
  await harness.operator.call('POST', `/platform/services/${anew.serviceId}/drain`)
  expect(await again.next()).toEqual({ type: 'drain' })
  await expect(bystander.next()).rejects.toThrow('no order came in time')
})

it('names on synchronisation what must end: missed orders and connections that nobody knows', async () => {
  const [good, bad] = [await connected('bob'), await connected('carol')]
  await tenant.client.api.call('PATCH', `/users/${bad.user.userId}`, { disabled: true })
  const unknown = '00000000-0000-4000-8000-000000000000'
  const { end } = await sync([good.connectionId, bad.connectionId, unknown])
  expect(Object.fromEntries(end.map(({ connectionId, code }) => [connectionId, code]))).toEqual({
    [bad.connectionId]: 'user-disabled',
    [unknown]: 'unknown-connection',
  })
})

it('shows a connection with its addresses and bytes, and takes its end twice', async () => {
  const { connectionId } = await connected('dora')
  const report = (...reports: object[]) =>
    node.api.call({ method: 'POST', path: '/node-api/v1/connections/reports', body: { reports }, response: nothing })
  const stranger = '00000000-0000-4000-8000-000000000000'
  const established = { type: 'established', ipv4: '10.8.0.5', ipv6: null, cipher: 'AES-256-GCM' }
  const ended = {
    type: 'ended',
    connectionId,
    reason: 'explicit-exit',
    receivedBytes: '9007199254740993',
    sentBytes: '1',
  }
  await report({ ...established, connectionId: stranger }, { ...established, connectionId }, ended)
  await report({ ...ended, reason: 'later' })
  const list = await listItems(tenant.client.api, '/connections')
  expect(list.find((connection) => connection['connectionId'] === connectionId)).toMatchObject({
    ipv4: '10.8.0.5',
    node: 'node-1',
    endReason: 'explicit-exit',
    receivedBytes: '9007199254740993',
  })
})

it('tells of somebody whom the node could not give a tunnel as refused, and of no connection', async () => {
  const { api } = tenant.client
  const report = (...reports: object[]) =>
    node.api.call({ method: 'POST', path: '/node-api/v1/connections/reports', body: { reports }, response: nothing })
  const ended = { type: 'ended', receivedBytes: '0', sentBytes: '0' }
  const counted = async () => {
    const { series, failures } = overviewShown.parse(await api.call('GET', '/overview'))
    const refused = failures.find(({ code }) => code === 'network-unavailable')?.count ?? 0
    return { admitted: series.reduce((sum, { admitted }) => sum + admitted, 0), refused }
  }
  const before = await counted()
  const { user, device, connectionId } = await connected('gina')
  const attempts = () => listItems(api, `/users/${user.userId}/attempts`)
  const known = async () => (await listItems(api, `/devices?userId=${user.userId}`))[0]
  expect(await known()).toMatchObject({ lastConnectedAt: null })
  const unavailable = { ...ended, connectionId, reason: 'network-unavailable' }
  await report(unavailable, unavailable)
  const [refused, ...others] = (await attempts()).filter(({ kind }) => kind === 'connection')
  expect(others).toEqual([])
  expect(refused).toMatchObject({
    ...{ result: 'refused', outcome: 'network-unavailable', network: 'main', node: 'node-1' },
    message: 'This network is not available on the server: try again later',
    device: { deviceId: device.deviceId },
  })
  const checks = z.array(z.object({ check: z.string(), outcome: z.string() })).parse(refused?.['checks'])
  expect(checks).toContainEqual({ check: 'password', outcome: 'passed' })
  expect(checks.at(-1)).toEqual({ check: 'equipment', outcome: 'failed' })
  expect(await counted()).toEqual({ admitted: before.admitted, refused: before.refused + 1 })
  expect(await known()).toMatchObject({ lastConnectedAt: null })

  const again = await node.authorise(authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD }))
  const second = again.decision === 'allow' ? again.grant.connectionId : ''
  const established = { type: 'established', ipv4: '10.8.0.6', ipv6: null, cipher: 'AES-256-GCM' }
  await report({ ...established, connectionId: second }, { ...ended, connectionId: second, reason: 'internal-error' })
  expect((await attempts()).find(({ kind }) => kind === 'connection')).toMatchObject({ result: 'allowed' })
  expect(await known()).not.toMatchObject({ lastConnectedAt: null })
})

it('brings an order to the nodes of another instance', async () => {
  const { device } = await connected('frank')
  await using second = await startReplica(harness)
  const credentials = await harness.enrol('vpn-node', 'node-of-the-second')
  await using orders = await listen(
    new ApiClient({ baseUrl: second.nodeApiUrl, serverRole: 'auth-service', credentials }),
  )
  await tenant.client.api.call('DELETE', `/devices/${device.deviceId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', deviceId: device.deviceId })
  await harness.operator.call('POST', `/platform/services/${credentials.serviceId}/revoke`)
  await expect(orders.next()).rejects.toThrow(/ended|failed/)
})
