import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ManagedProcess } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Member, PRIVATE_HOST } from './site.ts'
import { World } from './world.ts'

const LOAD = fileURLToPath(new URL('../../../apps/load/dist/main.js', import.meta.url))
const TARGET = `${PRIVATE_HOST.ipv4}:7777`
const USERS = 10
const CLIENTS = 200
/** What auth-service lets one source address try at once; right passwords count until they are checked. */
const IN_PROGRESS = '24'

let world: World
let host: Namespace
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-load-spec-'))
  world = await World.create({ sites: [{ slug: 'tenant-a', ipv4: '10.8.0.0/22' }] })
  host = await world.addHost('load')
  await mkdir(join(directory, 'profiles'))
  const site = world.site('tenant-a')
  const members = await Promise.all(
    Array.from({ length: USERS }, (_, index) => site.addMember(`user-${String(index)}`)),
  )
  const lines = members.map(({ username, password }) => `${username},${password}\n`)
  await writeFile(join(directory, 'credentials'), lines.join(''))
  await Promise.all(members.map((member, user) => enrol(member, user)))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await world[Symbol.asyncDispose]()
})

/** Profile number i belongs to user i modulo the users, as the load client deals them. */
async function enrol(member: Member, user: number): Promise<void> {
  for (let index = user; index < CLIENTS; index += USERS) {
    const { profile } = await member.client.enrolDevice(`device-${String(index)}`)
    await writeFile(join(directory, 'profiles', `${String(index).padStart(4, '0')}.ovpn`), profile)
  }
}

function startLoad(namespace: Namespace, ...args: string[]): ManagedProcess {
  const { name } = namespace
  return new ManagedProcess({
    name: 'load client',
    file: process.execPath,
    args: ['--enable-source-maps', LOAD, ...args],
    namespace: name,
    stopSignal: 'SIGINT',
  })
}

function startClients(...args: string[]): ManagedProcess {
  const json = ['--json', join(directory, 'results.json')]
  return startLoad(host, '--profiles', join(directory, 'profiles'), '--in-progress', IN_PROGRESS, ...json, ...args)
}

async function credentials(content?: string): Promise<readonly string[]> {
  if (content === undefined) return ['--credentials', join(directory, 'credentials')]
  await writeFile(join(directory, 'other-credentials'), content)
  return ['--credentials', join(directory, 'other-credentials')]
}

async function results(): Promise<unknown> {
  return JSON.parse(await readFile(join(directory, 'results.json'), 'utf8'))
}

it('connects 200 clients, each with a tunnel that carries its traffic, and says goodbye for all', async () => {
  await using responder = startLoad(world.site('tenant-a').lan, 'serve', '--listen', TARGET)
  await responder.waitForLine(/^listening on /, 10_000)
  const lastPing = 'for address in $LOAD_ADDRESSES; do last=$address; done; ping -n -q -c 3 -i 0.2 -I $last 10.20.0.2'
  const traffic = ['--mix', 'ping:3,bulk-down:1', '--target', TARGET, '--bytes-per-second', '2000']
  const connected = await world.metrics.growth('node_handshakes_total', 'connected', async () => {
    await using load = startClients(
      ...(await credentials()),
      ...['--rate', '1000', '--packets-per-second', '5', ...traffic, '--exec', `sleep 1; ${lastPing}`],
    )
    expect(await load.exited, load.tail()).toBe('exit code 0')
    expect(load.tail()).toMatch(/3 packets transmitted, 3 received/)
    expect(load.tail()).toMatch(/connected +200 of 200 that tried/)
  })

  expect(connected).toBe(CLIENTS)
  expect(await results()).toMatchObject({
    schema: 1,
    interrupted: false,
    plan: { clients: CLIENTS, profiles: CLIENTS },
    connect: { attempted: CLIENTS, connected: CLIENTS, failed: 0, timeMs: { count: CLIENTS } },
    refusals: {},
    lost: {},
    connectedAtEnd: CLIENTS,
    traffic: { mixes: { ping: { failed: 0 }, 'bulk-down': { streams: CLIENTS / 4, failed: 0 } } },
    exec: { exitCode: 0 },
  })
  const sent = numberAt(await results(), 'traffic', 'mixes', 'ping', 'sent')
  expect(sent).toBeGreaterThan(CLIENTS)
  expect(numberAt(await results(), 'traffic', 'mixes', 'ping', 'received')).toBeGreaterThan(0.95 * sent)
  // The node has heard every goodbye.
  expect(await world.metrics.value('node_connection_ends_total', 'client-exit')).toBeGreaterThanOrEqual(CLIENTS)
})

it('says why clients were refused', async () => {
  await using load = startClients(...(await credentials('user-0,not the password\n')), '--clients', '2', '--hold', '0')
  expect(await load.exited, load.tail()).toBe('exit code 3')
  expect(load.tail()).toMatch(/refused +[12] × refused: .+/)
  expect(await results()).toMatchObject({ connect: { attempted: 2, connected: 0, failed: 2 }, connectedAtEnd: 0 })
})

it('says that nobody answers', async () => {
  const nobody = ['--remote', '127.0.0.1:9', '--connect-timeout', '1', '--clients', '3']
  await using load = startClients(...(await credentials()), ...nobody)
  expect(await load.exited, load.tail()).toBe('exit code 3')
  expect(await results()).toMatchObject({ refusals: { 'no answer': 3 } })
})

it('lets clients come back with their tokens and renegotiate, and on SIGINT says goodbye and what there was', async () => {
  const plan = ['--clients', '20', '--hold', '600', '--churn', '1', '--renegotiate', '2']
  await using load = startClients(...(await credentials()), ...plan)
  await load.waitForLine(/^holding: 20 connected$/, 30_000)
  await heldForSeconds(load, 5)
  load.signal('SIGINT')
  expect(await load.exited, load.tail()).toBe('exit code 130')
  const found = await results()
  expect(found).toMatchObject({ interrupted: true, connect: { connected: 20 }, refusals: {}, lost: {} })
  expect(numberAt(found, 'reconnects', 'withToken')).toBeGreaterThan(2)
  expect(numberAt(found, 'renegotiations')).toBeGreaterThan(0)
})

/** The load client tells once a second how it goes. */
async function heldForSeconds(load: ManagedProcess, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let lines = 0
  load.onLine((line) => {
    if (/^ +\d+ s +holding /.test(line) && ++lines === seconds) resolve(undefined)
  })
  await Promise.race([promise, load.exited])
}

function numberAt(value: unknown, ...path: readonly string[]): number {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return NaN
    found = new Map<string, unknown>(Object.entries(found)).get(key)
  }
  return Number(found)
}
