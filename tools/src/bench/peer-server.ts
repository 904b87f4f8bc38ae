import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { SallyportError } from '@sallyport/foundation'
import { ManagedProcess } from '@sallyport/local-services'
import { type IssuedPair, ThrowawayCa } from '@sallyport/testkit'

import { type Lane, POOL, SERVER_ADDRESS, SERVER_PORT, TARGET_SUBNET } from './lane.ts'
import { answerCredentials } from './peer-credentials.ts'
import { type BenchServer, fileIn, SOCKET_BUFFER_BYTES, TRANSMIT_QUEUE_PACKETS } from './server.ts'

const START_TIMEOUT_MS = 20_000
const CREDENTIALS = { username: 'user', password: 'a password for one benchmark' } as const

class PeerServerError extends SallyportError {}

/**
 * Starts Debian's `openvpn` as the server, behind the same firewall as ours: `rules` is the ruleset of our lane and
 * `interfaceName` the TUN device that it names. It asks for a certificate, a username and a password as ours does; a
 * program behind its management interface decides, which costs it less than a script would.
 */
export async function startPeer(lane: Lane, rules: string, interfaceName: string): Promise<BenchServer> {
  await using parts = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-peer-'))
  parts.defer(() => rm(directory, { recursive: true, force: true }))
  const file = fileIn(directory)
  const ca = await ThrowawayCa.create('benchmark CA')
  const pair = await ca.issue({ commonName: 'server', usages: ['server'] })
  await openvpn('--genkey', 'tls-crypt-v2-server', file('server.key'))
  const configuration = serverConfiguration(interfaceName, directory, ca.certificatePem, pair)
  await writeFile(file('server.ovpn'), configuration, { mode: 0o600 })
  await writeFile(file('rules.nft'), rules)
  await lane.server.exec('nft', '-f', file('rules.nft'))
  await lane.server.exec('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
  const process = parts.use(
    new ManagedProcess({
      name: 'openvpn server',
      file: 'openvpn',
      args: ['--config', file('server.ovpn')],
      namespace: lane.server.name,
      stopSignal: 'SIGTERM',
    }),
  )
  await process.waitForLine(/Initialization Sequence Completed/, START_TIMEOUT_MS)
  parts.use(await answerCredentials(file('management'), CREDENTIALS))
  const { pid } = process
  if (pid === undefined) throw new PeerServerError('peer-ended', `the openvpn server ended:\n${process.tail()}`)
  const owned = parts.move()
  return {
    pid,
    enrol: async (name) => ({ profile: await clientProfile(directory, ca, name), ...CREDENTIALS }),
    devicesFor: async () => [{ profile: await clientProfile(directory, ca, 'shared'), ...CREDENTIALS }],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function openvpn(...args: string[]): Promise<void> {
  await promisify(execFile)('openvpn', args)
}

function serverConfiguration(interfaceName: string, directory: string, ca: string, pair: IssuedPair): string {
  const [network = '', bits] = POOL.split('/')
  const [target = ''] = TARGET_SUBNET.split('/')
  if (bits !== '16') throw new TypeError('the benchmark is written for a pool of /16')
  return [
    `server ${network} 255.255.0.0`,
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
    'duplicate-cn',
    'max-clients 4000',
    `sndbuf ${String(SOCKET_BUFFER_BYTES)}`,
    `rcvbuf ${String(SOCKET_BUFFER_BYTES)}`,
    `txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)}`,
    `push "route ${target} 255.255.255.0"`,
    'push "explicit-exit-notify 1"',
    `management ${join(directory, 'management')} unix`,
    'management-client-auth',
    `tls-crypt-v2 ${join(directory, 'server.key')}`,
    ...inline(ca, pair),
  ].join('\n')
}

async function clientProfile(directory: string, ca: ThrowawayCa, name: string): Promise<string> {
  const keyFile = join(directory, `${name}.key`)
  await openvpn('--tls-crypt-v2', join(directory, 'server.key'), '--genkey', 'tls-crypt-v2-client', keyFile)
  return [
    'client',
    'dev tun',
    `remote ${SERVER_ADDRESS} ${String(SERVER_PORT)} udp`,
    'nobind',
    'auth SHA256',
    'cipher AES-256-GCM',
    'auth-user-pass',
    'persist-tun',
    'verb 3',
    `<tls-crypt-v2>\n${await readFile(keyFile, 'utf8')}</tls-crypt-v2>`,
    ...inline(ca.certificatePem, await ca.issue({ commonName: name, usages: ['client'] })),
  ].join('\n')
}

function inline(ca: string, { certificatePem, privateKeyPem }: IssuedPair): string[] {
  return [`<ca>\n${ca}</ca>`, `<cert>\n${certificatePem}</cert>`, `<key>\n${privateKeyPem}</key>`, '']
}
