import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { EnrolledDevice } from '@sallyport/local-services'
import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Member, PRIVATE_HOST, type Site } from './site.ts'
import { fetchPage } from './traffic.ts'
import { World } from './world.ts'

const NODE_MAIN = fileURLToPath(new URL('../../../apps/vpn-node/dist/main.js', import.meta.url))
const RUN_TIMEOUT_MS = 20_000

let world: World
let site: Site
let host: Namespace
let account: { member: Member; device: EnrolledDevice }
let untouched: TunnelState

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  site = world.site('tenant-a')
  host = await world.addHost('client')
  account = await site.addDevice('alice')
  untouched = await tunnelState()
})
afterAll(() => world[Symbol.asyncDispose]())

interface TunnelState {
  readonly interfaces: readonly string[]
  readonly routes: string
  readonly rules: string
}

/** Interfaces, routes and firewall rules of the namespace in which the tenant's tunnels end. */
async function tunnelState(): Promise<TunnelState> {
  const links = await site.tunnels.exec('ip', '-oneline', 'link', 'show')
  const routes = [await site.tunnels.exec('ip', '-4', 'route'), await site.tunnels.exec('ip', '-6', 'route')]
  return {
    interfaces: [...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name ?? ''),
    routes: routes.join(''),
    rules: await site.tunnels.exec('nft', 'list', 'ruleset'),
  }
}

async function connectedClient(): Promise<OpenVpnClient> {
  const client = await world.startClient(host, account)
  await client.waitForConnected()
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  return client
}

/** Runs a second vpn-node with the identity of the first, and gives how it ended. */
async function runNode(
  settings: Readonly<Record<string, string>>,
  prefix: readonly string[] = [],
): Promise<{ code: number | null; output: string; complaint: string }> {
  const [file, ...args] = ['env', ...prefix, process.execPath, NODE_MAIN]
  const env = { PATH: process.env['PATH'] ?? '', ...settings }
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_TIMEOUT_MS })
  let output = ''
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, output, complaint }
}

function nodeSettings(listen: string): Record<string, string> {
  const { nodeApi } = world.stack.addresses
  return {
    SERVICE_NAME: 'vpn-node-1',
    NODE_LISTEN: listen,
    METRICS_LISTEN: '127.0.0.1:0',
    AUTH_NODE_API_URL: `https://127.0.0.1:${String(nodeApi.port)}`,
    IDENTITY_DIRECTORY: join(world.dataDirectory, 'identity', 'vpn-node'),
  }
}

it.each(['SIGTERM', 'SIGINT'] as const)('leaves no interface, route or firewall rule behind on %s', async (signal) => {
  const service = world.stack.services['vpn-node']
  await using client = await connectedClient()
  expect((await tunnelState()).rules).toContain('sallyport_')
  const mark = client.mark

  process.kill(service.pid ?? 0, signal)
  expect(await service.exited).toBe('exit code 0')
  expect(await tunnelState()).toEqual(untouched)
  await client.waitForEvent(/restart/i, 5_000, mark)

  await service.start()
  await client.waitForConnected(60_000, mark)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})

it('removes the firewall rules that a killed run left behind', async () => {
  const service = world.stack.services['vpn-node']
  {
    await using _client = await connectedClient()
    await service.kill()
  }
  const left = await tunnelState()
  expect(left.interfaces).toEqual(untouched.interfaces)
  expect(left.rules).toContain('sallyport_')

  await service.start()
  expect(await tunnelState()).toEqual(untouched)
})

it('refuses a second node on the same port with one message, and leaves the first alone', async () => {
  await using _client = await connectedClient()
  const before = await tunnelState()
  const { node } = world.stack.addresses
  const { code, complaint } = await runNode(nodeSettings(`${node.host}:${String(node.port)}`))

  expect(code).toBe(1)
  expect(complaint.trim().split('\n')).toEqual([expect.stringMatching(new RegExp(`${String(node.port)}.*in use`))])
  expect(await tunnelState()).toEqual(before)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})

it('refuses to start without the right to make interfaces, and says what to do', async () => {
  const withoutRight = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-all', '--ambient-caps=-all', '--']
  const { code, complaint } = await runNode(nodeSettings('127.0.0.1:0'), withoutRight)
  expect(code).toBe(1)
  expect(complaint.trim().split('\n')).toEqual([expect.stringMatching(/CAP_NET_ADMIN|root/)])
})

it('refuses to start without /dev/net/tun, and says what to do', async () => {
  const hide = 'mount -t tmpfs none /dev/net && exec "$0" "$@"'
  const { code, complaint } = await runNode(nodeSettings('127.0.0.1:0'), ['unshare', '--mount', 'sh', '-c', hide])
  expect(code).toBe(1)
  expect(complaint.trim().split('\n')).toEqual([expect.stringContaining('/dev/net/tun')])
})

it('refuses wrong settings with every problem in one message', async () => {
  const { code, complaint } = await runNode({ NODE_LISTEN: 'nonsense' })
  expect(code).toBe(78)
  for (const setting of ['NODE_LISTEN', 'SERVICE_NAME', 'AUTH_NODE_API_URL', 'IDENTITY_DIRECTORY']) {
    expect(complaint).toContain(setting)
  }
})
