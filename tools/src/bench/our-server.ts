import { randomInt, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/foundation'
import { EnrolmentClient, letInWithoutFactor, requiredText, startStack } from '@sallyport/local-services'
import { connect, totpCode } from '@sallyport/testkit'

import { CHECKOUT } from '../command.ts'
import { type Lane, POOL, SERVER_ADDRESS, SERVER_PORT, TARGET_SUBNET } from './lane.ts'
import type { BenchServer, Device } from './server.ts'

const DEVICES_PER_USER = 100
const LEAST_USERS = 12
const TENANT = 'bench'
const PASSWORD = 'a password for one benchmark'

class OurServerError extends SallyportError {}

/** Starts a whole Sallyport with its node in the lane, and an administrator who makes users with devices. */
export async function startOurs(
  lane: Lane,
  progress: (message: string) => void,
  nodeSettings: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  await using parts = new AsyncDisposableStack()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  parts.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  const controlAddress = await linkControlPlane(lane, parts)
  const stack = parts.use(
    await startStack({
      checkout: CHECKOUT,
      dataDirectory,
      durable: false,
      authListen: '127.0.0.1:0',
      nodeApiListen: `${controlAddress}:0`,
      allocatorListen: `${controlAddress}:0`,
      nodeNamespace: lane.server.name,
      nodeListen: `${SERVER_ADDRESS}:${String(SERVER_PORT)}`,
      vpnRemotes: [`${SERVER_ADDRESS}:${String(SERVER_PORT)}/udp`],
      nodeSettings,
      progress,
    }),
  )
  const { tenantId, administrator } = await stack.platform.createTenant(TENANT, 'Bench', 'admin', ['host'])
  const admin = await signInFirst(stack.publicUrl, administrator.username, administrator.oneTimePassword)
  const { secret } = await admin.beginTotp()
  await admin.confirmTotp(totpCode(secret, Date.now()))
  const network = { name: 'bench', ipv4: POOL, routes: [TARGET_SUBNET] }
  await stack.platform.call('POST', `/platform/tenants/${tenantId}/networks`, network)
  const pid = stack.services['vpn-node'].pid
  if (pid === undefined)
    throw new OurServerError('node-ended', 'the vpn-node ended while the benchmark was being set up')
  const owned = parts.move()
  return {
    pid,
    enrol: (name) => enrol(stack.publicUrl, admin, name),
    devicesFor: (clients) => devicesFor(stack.publicUrl, admin, clients),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Joins our node with the control plane, which runs in this namespace; gives the address of this end. */
async function linkControlPlane({ server }: Lane, parts: AsyncDisposableStack): Promise<string> {
  // 198.18.0.0/15 is for benchmarks (RFC 2544); random, so that two runs on one machine do not meet.
  const subnet = `198.19.${String(randomInt(256))}`
  const device = `spb${server.name.slice(-6)}`
  parts.use(
    await connect(
      { namespace: undefined, device, addresses: [`${subnet}.253/30`] },
      { namespace: server, device: 'control0', addresses: [`${subnet}.254/30`] },
    ),
  )
  return `${subnet}.253`
}

/** A user for each device, for the attempts of one user are limited; without second factor, for a code is good once. */
async function enrol(publicUrl: string, admin: EnrolmentClient, username: string): Promise<Device> {
  const created = await admin.api.call('POST', '/users', { username })
  await letInWithoutFactor(admin.api, requiredText(created, 'userId'))
  const user = await signInFirst(publicUrl, username, requiredText(created, 'oneTimePassword'))
  const { profile } = await user.enrolDevice('bench')
  return { profile, username, password: PASSWORD }
}

/**
 * Devices of several users, neighbours of different ones: a user's sign-ins are limited to a few at a time, and each
 * user costs an argon2 on this side too.
 */
async function devicesFor(publicUrl: string, admin: EnrolmentClient, clients: number): Promise<Device[]> {
  const users = Math.min(clients, Math.max(LEAST_USERS, Math.ceil(clients / DEVICES_PER_USER)))
  const byUser: Device[][] = []
  while (byUser.length < users) {
    const username = `many-${randomUUID()}`
    const created = await admin.api.call('POST', '/users', { username })
    await letInWithoutFactor(admin.api, requiredText(created, 'userId'))
    const user = await signInFirst(publicUrl, username, requiredText(created, 'oneTimePassword'))
    const names = Array.from({ length: Math.ceil(clients / users) }, (_, index) => `bench-${String(index)}`)
    const enrolled = await Promise.all(names.map((name) => user.enrolDevice(name)))
    byUser.push(enrolled.map(({ profile }) => ({ profile, username, password: PASSWORD })))
  }
  const [first = []] = byUser
  return first.flatMap((_, index) => byUser.flatMap((devices) => devices[index] ?? [])).slice(0, clients)
}

async function signInFirst(publicUrl: string, username: string, oneTimePassword: string): Promise<EnrolmentClient> {
  const user = new EnrolmentClient(publicUrl)
  await user.signIn({ tenant: TENANT, username, password: oneTimePassword })
  await user.changePassword(oneTimePassword, PASSWORD)
  await user.signIn({ tenant: TENANT, username, password: PASSWORD })
  return user
}
