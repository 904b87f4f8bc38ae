import { randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/foundation'
import { EnrolmentClient, ManagedProcess, requiredText, startStack } from '@sallyport/local-services'
import { connect, OpenVpnClient, ThrowawayCa } from '@sallyport/testkit'

import { CHECKOUT } from '../command.ts'
import { type Lane, POOL, SERVER_ADDRESS, SERVER_PORT, TARGET_SUBNET } from './lane.ts'

/** Both ends of both tunnels, in bytes and packets; a smaller receive buffer loses bursts of a fast server. */
export const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
export const TRANSMIT_QUEUE_PACKETS = 1000

const CLIENT_OPTIONS = [
  ['--sndbuf', String(SOCKET_BUFFER_BYTES)],
  ['--rcvbuf', String(SOCKET_BUFFER_BYTES)],
  ['--txqueuelen', String(TRANSMIT_QUEUE_PACKETS)],
].flat()
const START_TIMEOUT_MS = 20_000

/** A VPN server with one connected client. */
export interface BenchServer extends AsyncDisposable {
  /** The process whose CPU time counts. */
  readonly pid: number
  readonly client: OpenVpnClient
}

class BenchError extends SallyportError {}

/** Starts a whole Sallyport with its node in the lane, and connects a client. */
export async function startOurs(lane: Lane, progress: (message: string) => void): Promise<BenchServer> {
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
      progress,
    }),
  )
  const { administrator } = await stack.platform.createTenant('bench', 'Bench', 'admin', ['host'])
  const user = new EnrolmentClient(stack.publicUrl)
  const account = { tenant: 'bench', username: administrator.username }
  const password = 'a password for one benchmark'
  await user.signIn({ ...account, password: administrator.oneTimePassword })
  await user.changePassword(administrator.oneTimePassword, password)
  await user.signIn({ ...account, password })
  const me = await user.api.call('GET', '/me')
  await user.api.call('PATCH', `/users/${userIdOf(me)}`, { totpRequired: false })
  await user.api.call('POST', '/networks', { name: 'bench', ipv4: POOL, routes: [TARGET_SUBNET] })
  const { profile } = await user.enrolDevice('bench')
  const client = parts.use(await startClient(lane, profile, administrator.username, password))
  const pid = stack.services['vpn-node'].pid
  if (pid === undefined) throw new BenchError('node-ended', 'the vpn-node ended while the benchmark was being set up')
  const owned = parts.move()
  return { pid, client, [Symbol.asyncDispose]: () => owned.disposeAsync() }
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

/**
 * Starts Debian's `openvpn` as the server, behind the same firewall as ours: `rules` is the ruleset of our lane and
 * `interfaceName` the TUN device that it names.
 */
export async function startPeer(lane: Lane, rules: string, interfaceName: string): Promise<BenchServer> {
  await using parts = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-peer-'))
  parts.defer(() => rm(directory, { recursive: true, force: true }))
  const ca = await ThrowawayCa.create('benchmark CA')
  const server = await ca.issue({ commonName: 'server', usages: ['server'] })
  const device = await ca.issue({ commonName: 'client', usages: ['client'] })
  const configuration = join(directory, 'server.ovpn')
  await writeFile(configuration, serverConfiguration(interfaceName, ca.certificatePem, server), { mode: 0o600 })
  await writeFile(join(directory, 'rules.nft'), rules)
  await lane.server.exec('nft', '-f', join(directory, 'rules.nft'))
  await lane.server.exec('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
  const process = parts.use(
    new ManagedProcess({
      name: 'openvpn server',
      file: 'openvpn',
      args: ['--config', configuration],
      namespace: lane.server.name,
      stopSignal: 'SIGTERM',
    }),
  )
  await process.waitForLine(/Initialization Sequence Completed/, START_TIMEOUT_MS)
  const client = parts.use(await startClient(lane, clientProfile(ca.certificatePem, device), '', ''))
  const { pid } = process
  if (pid === undefined) throw new BenchError('peer-ended', `the openvpn server ended:\n${process.tail()}`)
  const owned = parts.move()
  return { pid, client, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function startClient(lane: Lane, profile: string, username: string, password: string): Promise<OpenVpnClient> {
  const client = await OpenVpnClient.start({
    namespace: lane.client,
    profile,
    username,
    password,
    extraArgs: CLIENT_OPTIONS,
  })
  try {
    await client.waitForConnected()
    return client
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
}

interface Pair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

function serverConfiguration(interfaceName: string, ca: string, pair: Pair): string {
  const [network = '', bits] = POOL.split('/')
  const [target = ''] = TARGET_SUBNET.split('/')
  if (bits !== '24') throw new TypeError('the benchmark is written for blocks of /24')
  return [
    `server ${network} 255.255.255.0`,
    'topology subnet',
    `dev ${interfaceName}`,
    'dev-type tun',
    `local ${SERVER_ADDRESS}`,
    `port ${String(SERVER_PORT)}`,
    'proto udp',
    'dh none',
    'disable-dco',
    'data-ciphers AES-256-GCM',
    'keepalive 10 60',
    `sndbuf ${String(SOCKET_BUFFER_BYTES)}`,
    `rcvbuf ${String(SOCKET_BUFFER_BYTES)}`,
    `txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)}`,
    `push "route ${target} 255.255.255.0"`,
    ...inline(ca, pair),
  ].join('\n')
}

function clientProfile(ca: string, pair: Pair): string {
  return [
    'client',
    'dev tun',
    `remote ${SERVER_ADDRESS} ${String(SERVER_PORT)} udp`,
    'nobind',
    'auth SHA256',
    'cipher AES-256-GCM',
    'persist-tun',
    'verb 3',
    ...inline(ca, pair),
  ].join('\n')
}

function inline(ca: string, { certificatePem, privateKeyPem }: Pair): string[] {
  return [`<ca>\n${ca}</ca>`, `<cert>\n${certificatePem}</cert>`, `<key>\n${privateKeyPem}</key>`, '']
}

function userIdOf(me: unknown): string {
  const user = typeof me === 'object' && me !== null && 'user' in me ? me.user : me
  return requiredText(user, 'userId')
}
