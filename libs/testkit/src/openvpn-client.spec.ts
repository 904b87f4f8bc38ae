import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ManagedProcess } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { connect, Namespace } from './netns.ts'
import { OpenVpnClient } from './openvpn-client.ts'
import { sha256OfBytes, startWebServer } from './web-server.ts'

// Debian's openvpn on both sides shows that the driver is right whatever our own server does.
const SERVER = '10.91.0.1'
const VERIFY = `#!/bin/sh
{ read -r name; read -r password; } < "$1"
test "$name" = 'al"ice' && test "$password" = 'SCRV1:'"$(printf 'pass\\\\word' | base64)":"$(printf 123456 | base64)"
`
const parts = new AsyncDisposableStack()
let client: Namespace
let server: Namespace
let daemon: ManagedProcess
let profile: string

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  parts.defer(() => rm(directory, { recursive: true }))
  client = parts.use(await Namespace.create('client'))
  server = parts.use(await Namespace.create('server'))
  parts.use(
    await connect(
      { namespace: client, device: 'eth0', addresses: ['10.91.0.2/24'] },
      { namespace: server, device: 'eth0', addresses: [`${SERVER}/24`, 'fd91::1/64'] },
    ),
  )
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-subj',
    '/CN=test',
  )
  await writeFile(join(directory, 'verify'), VERIFY, { mode: 0o700 })
  const args = [
    '--dev',
    'tun',
    '--proto',
    'udp',
    '--topology',
    'subnet',
    '--server',
    '10.92.0.0',
    '255.255.255.0',
    '--dh',
    'none',
  ]
  const identity = ['--ca', 'cert.pem', '--cert', 'cert.pem', '--key', 'key.pem', '--verify-client-cert', 'none']
  const check = [
    '--cd',
    directory,
    '--script-security',
    '2',
    '--auth-user-pass-verify',
    './verify',
    'via-file',
    '--tmp-dir',
    '/tmp',
  ]
  daemon = parts.use(server.spawn('openvpn', ...check, ...args, ...identity))
  await daemon.waitForLine(/Initialization Sequence Completed/, 10_000)
  const ca = await readFile(join(directory, 'cert.pem'), 'utf8')
  profile = `client\ndev tun\nproto udp\nremote ${SERVER} 1194\nauth-user-pass\nstatic-challenge "Code" 1\n<ca>\n${ca}</ca>\n`
}, 30_000)
afterAll(() => parts.disposeAsync())

it('tells that the credentials were refused', async () => {
  const options = { namespace: client, profile, username: 'al"ice', password: 'pass\\word' }
  await using vpn = await OpenVpnClient.start({ ...options, otp: () => Promise.resolve('000000') })
  expect(await vpn.waitForFailure(20_000)).toBe('')
  await expect(vpn.waitForConnected(1000)).rejects.toThrow(/nothing matched/)
}, 40_000)

it('answers a static challenge, connects, and counts the prompts', async () => {
  await using web = await startWebServer(server, '10.92.0.1', 80, 'Inside')
  expect(web.running).toBe(true)
  const options = { namespace: client, profile, username: 'al"ice', password: 'pass\\word' }
  await using vpn = await OpenVpnClient.start({ ...options, otp: () => Promise.resolve('123456') })
  expect(await vpn.waitForConnected(20_000)).toEqual({ ipv4: '10.92.0.2', ipv6: undefined, remote: `${SERVER}:1194` })
  expect(vpn.promptCount).toBe(1)
  expect(await client.exec('curl', '-s', 'http://10.92.0.1/')).toContain('You are 10.92.0.2.')
  const bytes = 3_000_001
  const hash = await client.exec('sh', '-c', `curl -s http://10.92.0.1/bytes/${String(bytes)} | sha256sum`)
  expect(hash.split(' ')[0]).toBe(sha256OfBytes(bytes))
}, 40_000)
