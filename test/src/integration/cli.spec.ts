import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request as forward } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { requiredText } from '@sallyport/local-services'
import { ThrowawayCa } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolDevice, enrolTotp, PASSWORD, type TestTenant } from './auth-service-harness.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const MAIN = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url))
const DONE = 0
const REFUSED = 1
const USAGE = 2
const UNREACHABLE = 3

let harness: AuthServiceHarness
let tenant: TestTenant
let home: string

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  tenant = await harness.tenant('acme')
  home = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
}, 60_000)
afterAll(async () => {
  await rm(home, { recursive: true, force: true })
  await harness[Symbol.asyncDispose]()
})

interface Typed {
  readonly code: number
  readonly out: string
  readonly told: string
}

/** Types a command into the built program; `input` is what it reads. */
async function type(args: string[], input = '', environment: Readonly<Record<string, string>> = {}): Promise<Typed> {
  const env = { PATH: process.env['PATH'], XDG_CONFIG_HOME: home, SALLYPORT_SERVER: harness.publicUrl, ...environment }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: 'pipe' })
  const [out, told]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => told.push(text))
  child.stdin.end(input)
  const code = await new Promise<number>((resolve) =>
    child.once('close', (status) => {
      resolve(status ?? -1)
    }),
  )
  return { code, out: out.join(''), told: told.join('') }
}

it('signs in with a password, says who it is, and keeps the sign-in to itself', async () => {
  const signIn = ['sign-in', '--tenant', 'acme', '--user', 'admin']
  expect(await type(signIn, 'wrong\n')).toMatchObject({ code: REFUSED, told: matching(/not right/) })
  expect(await type(signIn, `${PASSWORD}\n`)).toMatchObject({
    code: DONE,
    out: '',
    told: matching(/Signed in as admin until/),
  })
  expect((await stat(join(home, 'sallyport/credentials.json'))).mode & 0o777).toBe(0o600)
  expect((await type(['whoami'])).out).toMatch(/user +admin\nrole +administrator\norganisation +Tenant acme \(acme\)/)
  expect((await type(['tokens', 'list'])).out).toMatch(/sallyport on /)
})

it('invites, shows, disables, enables, resets and deletes users', async () => {
  expect((await type(['users', 'invite', 'anna', '--display-name', 'Anna A.'])).out).toMatch(/link +http/)
  expect((await type(['users', 'list', '--search', 'ann'])).out).toMatch(/^USER .*\nanna +Anna A\. +user +invited/)
  const given = await type(['users', 'reset-password', 'anna', '--json'])
  expect(JSON.parse(given.out)).toMatchObject({ oneTimePassword: matching(/./) })
  expect(await type(['users', 'disable', 'anna'])).toMatchObject({ code: DONE, told: 'anna is disabled.\n' })
  expect(JSON.parse((await type(['users', 'show', 'anna', '--json'])).out)).toMatchObject({ disabled: true })
  for (const verb of ['enable', 'unlock', 'reset-factors', 'end-sessions', 'delete'])
    expect(await type(['users', verb, 'anna']), verb).toMatchObject({ code: DONE, out: '' })
  expect(await type(['users', 'show', 'anna'])).toMatchObject({
    code: USAGE,
    told: matching(/There is no user "anna"/),
  })
  expect(await type(['users', 'disable', 'admin'])).toMatchObject({
    code: REFUSED,
    told: matching(/your own account/),
  })
})

it('imports a file of users only when all of it is good', async () => {
  const file = join(home, 'users.csv')
  await writeFile(file, 'username,role\nbert,user\nceline,king\n')
  expect(await type(['users', 'import', file])).toMatchObject({
    code: REFUSED,
    out: matching(/LINE +PROBLEM\n3 /),
  })
  await writeFile(file, 'username,role\nbert,user\nceline,auditor\n')
  expect(await type(['users', 'import', file, '--dry-run'])).toMatchObject({
    code: DONE,
    told: '2 users would be created.\n',
  })
  expect((await type(['users', 'list', '--search', 'bert'])).told).toMatch(/There are none/)
  expect((await type(['users', 'import', file])).out).toMatch(/bert +http/)
  expect(await type(['users', 'import', '/nowhere.csv'])).toMatchObject({
    code: USAGE,
    told: matching(/cannot be read/),
  })
})

it('makes, orders and fills groups', async () => {
  for (const name of ['first', 'second']) expect((await type(['groups', 'create', name])).code).toBe(DONE)
  expect((await type(['groups', 'add', 'second', 'bert', 'celine'])).code).toBe(DONE)
  expect((await type(['groups', 'remove', 'second', 'celine'])).code).toBe(DONE)
  expect((await type(['groups', 'members', 'second'])).out).toMatch(/bert/)
  const listed = JSON.parse((await type(['groups', 'list', '--json'])).out) as { name: string }[]
  const reversed = listed.map(({ name }) => name).reverse()
  expect((await type(['groups', 'order', ...reversed])).code).toBe(DONE)
  const again = JSON.parse((await type(['groups', 'list', '--json'])).out) as { name: string }[]
  expect(again.map(({ name }) => name)).toEqual(reversed)
  expect((await type(['groups', 'delete', 'first'])).code).toBe(DONE)
})

it('gets, sets and tries a policy', async () => {
  expect(await type(['policy', 'set', 'idleSeconds=1800', 'sessionsEndAt=04:00'])).toMatchObject({ code: DONE })
  expect((await type(['policy', 'get'])).out).toMatch(/idleSeconds +1800/)
  expect((await type(['policy', 'set', 'mfa=off', '--group', 'second'])).code).toBe(DONE)
  expect((await type(['policy', 'get', '--user', 'bert'])).out).toMatch(/mfa +off/)
  expect(await type(['policy', 'set', 'mfa=', '--group', 'second'])).toMatchObject({ told: 'The policy is set.\n' })
  expect((await type(['policy', 'get', '--user', 'bert'])).out).toMatch(/mfa +required/)
  const wrong = await type(['policy', 'set', 'mfa=sometimes'])
  expect(wrong).toMatchObject({ code: REFUSED, told: matching(/mfa:/) })
  const tried = await type(['policy', 'dry-run', 'bert', '--address', '198.51.100.7'])
  expect(tried.out).toMatch(/^decision +(deny|challenge|allow)\n/)
})

it('makes networks', async () => {
  const args = ['networks', 'create', 'lab', '--ipv4', '10.77.0.0/24', '--route', '10.78.0.0/16']
  expect(await type(args)).toMatchObject({ code: DONE, out: matching(/^network +lab\n/) })
  expect(await type(args)).toMatchObject({ code: REFUSED, told: matching(/already|overlap/) })
  expect((await type(['networks', 'list'])).out).toMatch(/lab +10\.77\.0\.0\/24 +\S* *10\.78\.0\.0\/16/)
})

it('lists devices, sessions, authorities and tokens, and explains', async () => {
  for (const args of [
    ['devices', 'list'],
    ['sessions', 'list'],
    ['sessions', 'list', '--own'],
    ['authorities', 'list'],
    ['tokens', 'list', '--all'],
  ])
    expect(await type([...args, '--json']), args.join(' ')).toMatchObject({ code: DONE, told: '' })
  expect((await type(['explain', 'admin'])).out).toMatch(/portal-sign-in {2}(allowed|refused)/)
  expect((await type(['explain'])).code).toBe(DONE)
  expect((await type(['tenants', 'list'])).told).toMatch(/operator/)
})

it('makes a token that does what it is for and nothing else, and revokes it', async () => {
  const line = ['tokens', 'create', 'reader', '--days', '1', '--scope', 'networks.read']
  expect(await type(line, 'wrong\n')).toMatchObject({
    code: REFUSED,
    out: '',
    told: matching(/not right/),
  })
  const made = await type(line, `${PASSWORD}\n`)
  expect(made).toMatchObject({ code: DONE, out: matching(/^sp_[\w-]+\n$/) })
  const token = { SALLYPORT_TOKEN: made.out.trim() }
  expect((await type(['networks', 'list'], '', token)).out).toMatch(/lab/)
  expect(await type(['users', 'list'], '', token)).toMatchObject({
    code: REFUSED,
    told: matching(/users\.read/),
  })
  const id = /The token (\S+) is good until/.exec(made.told)?.[1] ?? ''
  expect((await type(['tokens', 'revoke', id])).code).toBe(DONE)
  expect((await type(['networks', 'list'], '', token)).code).toBe(REFUSED)
})

it('tries the policy on a device, and extends no connection that is not there', async () => {
  const user = await harness.user(tenant, 'emil', { totp: false })
  await enrolDevice(user, 'Emil’s laptop')
  const dryRun = ['policy', 'dry-run', 'emil', '--device']
  expect((await type([...dryRun, 'Emil’s laptop'])).out).toMatch(/^decision +allow\n/)
  expect(await type([...dryRun, 'phone'])).toMatchObject({
    code: USAGE,
    told: matching(/no device of this user "phone"/),
  })
  const extend = ['sessions', 'extend', user.userId]
  expect(await type(extend, `${PASSWORD}\n`)).toMatchObject({
    code: REFUSED,
    told: matching(/no such connection/),
  })
})

it('exports the audit log and proves it, with the server and without', async () => {
  const file = join(home, 'audit.jsonl')
  expect((await type(['audit', 'list', '--action', 'group.create'])).out).toMatch(/group\.create +ok/)
  expect(await type(['audit', 'export', file])).toMatchObject({ code: DONE })
  expect(await type(['audit', 'export', file])).toMatchObject({
    code: USAGE,
    told: matching(/cannot be written/),
  })
  expect((await type(['audit', 'verify'])).out).toMatch(/good events/)
  const offline = { SALLYPORT_SERVER: 'https://127.0.0.1:1' }
  expect(await type(['audit', 'verify', file], '', offline)).toMatchObject({ code: DONE })
  const text = await readFile(file, 'utf8')
  const anchor = /anchor +(\S+)/.exec((await type(['audit', 'verify', file], '', offline)).out)?.[1] ?? ''
  await writeFile(file, text.slice(0, text.slice(0, -1).lastIndexOf('\n') + 1))
  const cut = await type(['audit', 'verify', file, '--anchor', anchor], '', offline)
  expect(cut).toMatchObject({ code: REFUSED, told: matching(/anchor/) })
  await writeFile(file, text.slice(text.indexOf('\n') + 1))
  expect(await type(['audit', 'verify', file], '', offline)).toMatchObject({
    code: REFUSED,
    told: matching(/add --part/),
  })
  expect(await type(['audit', 'verify', file, '--part'], '', offline)).toMatchObject({ code: DONE })
  await writeFile(file, text.replace('"outcome":"ok"', '"outcome":"no"'))
  expect(await type(['audit', 'verify', file], '', offline)).toMatchObject({
    code: REFUSED,
    told: matching(/changed at event 1/),
  })
})

it('asks for the second factor, and takes recovery codes', async () => {
  const user = await harness.user(tenant, 'dora', { totp: true })
  const codes = await enrolTotp(user)
  const own = { XDG_CONFIG_HOME: join(home, 'dora') }
  const signIn = ['sign-in', '--tenant', 'acme', '--user', 'dora']
  expect(await type(signIn, `${PASSWORD}\n${codes.wrong()}\n`, own)).toMatchObject({
    code: REFUSED,
    told: matching(/code/),
  })
  expect(await type(signIn, `${PASSWORD}\n${codes.next()}\n`, own)).toMatchObject({ code: DONE })
  expect((await type(['whoami'], '', own)).out).toMatch(/factors +totp/)
  expect(await type(['users', 'list'], '', own)).toMatchObject({
    code: REFUSED,
    told: matching(/users\.read/),
  })
  expect(await type(['users', 'list', '--json'], '', own)).toMatchObject({
    told: matching(/"code":"not-allowed"/),
  })
})

it('rotates the master key as operator, who comes with a token from a file', async () => {
  const tokenFile = join(home, 'operator')
  await writeFile(tokenFile, harness.environment['OPERATOR_TOKEN'] ?? '')
  const operate = (args: string[], input = ''): Promise<Typed> => type([...args, '--token-file', tokenFile], input)
  expect((await operate(['tenants', 'list'])).out).toMatch(/acme +Tenant acme/)
  expect((await operate(['tenants', 'create', 'beta', 'Beta', '--administrator', 'root'])).out).toMatch(
    /one-time password/,
  )
  expect((await operate(['tenants', 'suspend', 'beta'])).code).toBe(DONE)
  const key = randomBytes(32).toString('base64')
  expect((await operate(['rotate-master-key', 'begin'], `${key}\n`)).code).toBe(DONE)
  expect(JSON.parse((await operate(['rotate-master-key', 'status', '--json'])).out)).toHaveLength(2)
  expect(await operate(['rotate-master-key', 'finish'])).toMatchObject({ code: REFUSED })
  expect((await operate(['rotate-master-key', 'cancel'])).code).toBe(DONE)
})

it('trusts the certificates of --ca and no others', async () => {
  const ca = await ThrowawayCa.create('test')
  const { certificatePem, privateKeyPem } = await ca.issue({ commonName: 'localhost', hosts: ['localhost'] })
  const server = createTlsServer({ cert: certificatePem, key: privateKeyPem }, (asked, answer) => {
    const to = new URL(asked.url ?? '', harness.publicUrl)
    asked.pipe(
      forward(to, { method: asked.method, headers: asked.headers }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers)
        got.pipe(answer)
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const file = join(home, 'ca.pem')
    await writeFile(file, ca.certificatePem)
    const line = ['whoami', '--server', `https://localhost:${String(port)}`, '--token-file', join(home, 'operator')]
    expect(await type(line)).toMatchObject({ code: UNREACHABLE, told: matching(/certificate/) })
    expect(await type([...line, '--ca', file])).toMatchObject({ code: REFUSED })
    expect(await type([...line, '--ca', '/nowhere'])).toMatchObject({ code: USAGE })
  } finally {
    server.close()
  }
})

it('forgets the sign-in, and its token is worth nothing after', async () => {
  const kept = JSON.parse(await readFile(join(home, 'sallyport/credentials.json'), 'utf8')) as unknown
  expect(await type(['sign-out'])).toMatchObject({ code: DONE, told: 'Signed out.\n' })
  expect(await type(['whoami'])).toMatchObject({ code: USAGE, told: matching(/not signed in/) })
  const environment = { SALLYPORT_TOKEN: requiredText(kept, 'token') }
  expect(await type(['whoami'], '', environment)).toMatchObject({
    code: REFUSED,
    told: matching(/revoked/),
  })
})
