import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { EnrolledDevice } from '@sallyport/local-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Remote, remotesOf } from './client-profile.ts'
import { addAccount } from './client-under-test.ts'
import { blockOf } from './profile.ts'
import { World } from './world.ts'

const IMPORTER = fileURLToPath(new URL('network-manager-import.py', import.meta.url))
/** Names the plugin; it is in the package network-manager-openvpn. */
const PLUGIN_NAME_FILE = '/usr/lib/NetworkManager/VPN/nm-openvpn-service.name'

let world: World
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-import-'))
  world = await World.create({
    sites: [{ slug: 'tenant-a' }, { slug: 'static-crypt' }, { slug: 'static-auth' }],
    listen: ({ ipv4, ipv6 }) => `udp:${ipv4}:0,udp:[${ipv6}]:0,tcp:${ipv4}:0`,
  })
  for (const [slug, legacyClients] of [
    ['static-crypt', 'tls-crypt'],
    ['static-auth', 'tls-auth'],
  ] as const) {
    const { tenantId } = world.site(slug)
    await world.stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings: { legacyClients } })
  }
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** What NetworkManager's importer makes of a profile: its settings, the files that it wrote among them. */
async function imported({ profile }: EnrolledDevice): Promise<Readonly<Record<string, string>>> {
  const file = join(directory, 'imported.ovpn')
  await writeFile(file, profile)
  const env = { PATH: process.env['PATH'], HOME: directory }
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [IMPORTER, PLUGIN_NAME_FILE, file], { env })
  const settings: unknown = JSON.parse(stdout)
  if (typeof settings !== 'object' || settings === null) throw new TypeError('the importer printed no settings')
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]))
}

describe.each([
  ['modern', 'tenant-a', 'tls-crypt-v2', 'tls-crypt-v2'],
  ['legacy', 'static-crypt', 'tls-crypt', 'tls-crypt'],
  ['legacy', 'static-auth', 'tls-auth', 'ta'],
] as const)("NetworkManager's importer", (flavour, slug, block, key) => {
  it(`takes all of a ${flavour} profile with ${block}`, async () => {
    const { device } = await addAccount(world.site(slug), 'alice', { flavour, totp: true })
    const settings = await imported(device)
    const written = async (name: string): Promise<string> => (await readFile(settings[name] ?? '', 'utf8')).trim()

    expect(settings).toMatchObject({
      'connection-type': 'password-tls',
      dev: 'tun',
      auth: 'SHA256',
      cipher: 'AES-256-GCM',
      'remote-cert-tls': 'server',
    })
    expect(settings['verify-x509-name']).toMatch(/^name:\S+/)
    expect(settings['ta-dir']).toBe(block === 'tls-auth' ? '1' : undefined)
    expect(settings['remote']?.split(/[ ,]+/)).toEqual(remotesOf(device.profile).map(remoteSetting))
    expect(await written(key)).toContain(blockOf(device.profile, block).trim())
    expect(new X509Certificate(await written('ca')).ca).toBe(true)
    expect(new X509Certificate(await written('cert')).subject).toContain(device.deviceId)
    expect(await written('key')).toBe(blockOf(device.profile, 'key').trim())
  })
})

function remoteSetting({ host, port, transport }: Remote): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}:${transport}`
}
