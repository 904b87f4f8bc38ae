import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { writeProcessIdentity } from './process-identity.ts'
import { type RunningStack, startStack } from './stack.ts'

const READY = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('{"msg":"ready"}');`
const AUTH = `
const [host, port] = process.env.AUTH_LISTEN.split(':')
require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ joinToken: 'token for ' + request.url }))
}).listen(port, host, () => { ${READY} })`
const ENROLLED = `
const fs = require('node:fs')
fs.mkdirSync(process.env.IDENTITY_DIRECTORY, { recursive: true })
fs.writeFileSync(process.env.IDENTITY_DIRECTORY + '/token', process.env.JOIN_TOKEN_FILE ? fs.readFileSync(process.env.JOIN_TOKEN_FILE) : 'none')
${READY}`

let checkout: string
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  await program('auth-service', AUTH)
  await program('ip-allocator', ENROLLED)
  await program('vpn-node', ENROLLED)
})
afterEach(() => rm(checkout, { recursive: true, force: true }))

async function program(name: string, source: string): Promise<void> {
  await mkdir(join(checkout, 'apps', name, 'dist'), { recursive: true })
  await writeFile(join(checkout, 'apps', name, 'dist/main.js'), source)
}

async function start(): Promise<RunningStack> {
  return startStack({
    checkout,
    dataDirectory: join(checkout, 'data'),
    databaseUrl: 'postgresql://elsewhere',
    redisUrl: 'redis://elsewhere',
    authListen: '127.0.0.1:0',
    nodeApiListen: '127.0.0.1:0',
    allocatorListen: '127.0.0.1:0',
    nodeListen: '127.0.0.1:0',
    metricsListen: '127.0.0.1:0',
  })
}

const tokenOf = (name: string): Promise<string> => readFile(join(checkout, 'data/identity', name, 'token'), 'utf8')

it('shows the last lines of a service that does not start, and stops what had started', async () => {
  await program('vpn-node', `console.error('no /dev/net/tun'); process.exit(78)`)
  await expect(start()).rejects.toThrow(/vpn-node ended with exit code 78; its last lines:\nno \/dev\/net\/tun/)
  await program('vpn-node', ENROLLED)
  await using stack = await start()
  expect(stack.services['vpn-node'].pid).toBeDefined()
})

it('refuses a second start on the same data', async () => {
  await using _stack = await start()
  await expect(start()).rejects.toThrow(`already running on ${join(checkout, 'data')} (pid ${String(process.pid)})`)
})

it('ends a service of a killed run, but not a stranger with its number', async () => {
  await using stack = await start()
  await stack[Symbol.asyncDispose]()
  await using leftover = sleeper()
  await using stranger = sleeper()
  writeProcessIdentity(join(checkout, 'data/pids/vpn-node'), leftover.pid)
  await writeFile(join(checkout, 'data/pids/ip-allocator'), `${String(stranger.pid)}\n1@another-boot\n`)
  await using _again = await start()
  expect(await leftover.ended).toBe('SIGTERM')
  expect(stranger.running()).toBe(true)
})

it('gives a join token to a service only as long as it has not enrolled', async () => {
  await using stack = await start()
  expect(await tokenOf('vpn-node')).toBe('token for /api/v1/platform/join-tokens\n')
  await stack.services['vpn-node'].kill()
  expect(stack.services['vpn-node'].pid).toBeUndefined()
  await stack.services['vpn-node'].start()
  expect(await tokenOf('vpn-node')).toBe('none')
})

function sleeper(): AsyncDisposable & { pid: number; ended: Promise<unknown>; running: () => boolean } {
  const child = spawn('sleep', ['60'])
  const ended = once(child, 'exit').then(([, signal]: unknown[]) => signal)
  return {
    pid: child.pid ?? 0,
    ended,
    running: () => child.exitCode === null && child.signalCode === null,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
