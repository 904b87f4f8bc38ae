import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { CHECKOUT } from './command.ts'

// A checkout with nothing to install: what is tested are the refusals before anything is done.
let checkout: string
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  spawnSync('chmod', ['755', checkout])
  mkdirSync(join(checkout, 'node_modules'))
  for (const name of ['bootstrap.mjs', 'bootstrap']) {
    cpSync(join(CHECKOUT, 'tools', name), join(checkout, 'tools', name), { recursive: true })
  }
  for (const name of ['package-lock.json', 'node_modules/.package-lock.json']) {
    writeFileSync(join(checkout, name), '{"packages":{}}')
  }
})
afterAll(() => {
  rmSync(checkout, { recursive: true })
})

function bootstrap(
  args: readonly string[],
  options: { readonly uid?: number; readonly env?: Record<string, string>; readonly hide?: string } = {},
): { readonly status: number | null; readonly stderr: string; readonly stdout: string } {
  const command = [process.execPath, join(checkout, 'tools/bootstrap.mjs'), ...args]
  // An empty file system over a folder, in a mount namespace of this command alone, hides what is in it.
  const hidden = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs none "$0" && exec "$@"`,
    options.hide ?? '',
    ...command,
  ]
  const [file = '', ...rest] = options.hide === undefined ? command : hidden
  return spawnSync(file, rest, {
    encoding: 'utf8',
    cwd: '/',
    env: { ...process.env, SALLYPORT_NO_INSTALL: '1', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  })
}

it('names its commands when it does not know one', () => {
  const { status, stderr } = bootstrap(['down'])
  expect(status).toBe(1)
  expect(stderr).toContain('usage: node tools/bootstrap.mjs up|demo|bench|test|fuzz|screenshots|mutations|load|enrol')
})

it('refuses to run without root and says how', () => {
  const { status, stderr } = bootstrap(['up'], { uid: 65534 })
  expect(status).toBe(1)
  expect(stderr).toContain('this needs root')
  expect(stderr).toContain('run it with sudo')
})

it('refuses a machine without /dev/net/tun and says what to load', () => {
  const { status, stderr } = bootstrap(['up'], { hide: '/dev/net' })
  expect(status).toBe(1)
  expect(stderr).toContain('/dev/net/tun cannot be opened (ENOENT): load the driver with `modprobe tun`')
})

it('refuses a machine without a compiler and names the packages', () => {
  const { status, stderr } = bootstrap(['up'], { env: { CXX: '/nonexistent/c++' } })
  expect(status).toBe(1)
  expect(stderr).toContain('apt-get install -y g++ make')
})

it('only says what to install when it may not install', () => {
  const { status, stderr } = bootstrap(['up'], { hide: '/usr/sbin' })
  expect(status).toBe(1)
  expect(stderr).toContain('apt-get update && apt-get install -y --no-install-recommends nftables')
  expect(readdirSync(checkout).toSorted()).toEqual(['node_modules', 'package-lock.json', 'tools'])
})

it('goes on without a package that only helps, and names it', () => {
  const { stderr } = bootstrap(['bench'], { hide: '/usr/include' })
  expect(stderr).toContain('going on without libipsec-mb-dev: the system lacks libipsec-mb-dev')
  expect(stderr).toContain('[sallyport] building …')
})

it('ends `test` with a plain count also when it cannot begin', () => {
  const { status, stdout } = bootstrap(['test'], { env: { CXX: '/nonexistent/c++' } })
  expect(status).toBe(1)
  expect(stdout).toBe('0 passed, 1 failed\n')
})
