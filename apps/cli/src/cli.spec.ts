import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { runCli } from './cli.ts'
import type { Terminal } from './terminal.ts'

const USER = { userId: '8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e11', username: 'anna', displayName: 'Anna', role: 'user' }
const SHOWN = { ...USER, email: null, disabled: false, hasPassword: true, mustChangePassword: false, factors: ['totp'] }
const LISTED = { ...SHOWN, groups: [{ groupId: USER.userId, name: 'staff' }], lastSignInAt: null, createdAt: 'then' }
const TOKEN = 'sp_the-token-of-the-test'

type Answer = readonly [status: number, body: unknown]

let home: string
let environment: Record<string, string>
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  environment = { XDG_CONFIG_HOME: home, SALLYPORT_SERVER: 'https://vpn.example.com', SALLYPORT_TOKEN: TOKEN }
})
afterEach(() => rm(home, { recursive: true, force: true }))

/** Types a command; `answers` are the server's, by method and path with query. */
async function type(args: string[], answers: Readonly<Record<string, Answer>>, typed: string[] = [], columns?: number) {
  const out: string[] = []
  const told: string[] = []
  const calls: string[] = []
  const bodies: unknown[] = []
  const answer = () => Promise.resolve(typed.shift() ?? '')
  const terminal: Terminal = {
    environment,
    columns,
    write: (text) => {
      out.push(text)
      return Promise.resolve()
    },
    tell: (text) => {
      told.push(text)
    },
    ask: answer,
    askSecret: answer,
  }
  const code = await runCli(args, terminal, async (request) => {
    const url = new URL(request.url)
    const call = `${request.method} ${url.pathname.replace('/api/v1', '')}${url.search}`
    calls.push(`${call} ${request.headers.get('authorization') ?? request.headers.get('cookie') ?? '-'}`)
    if (request.body !== null) bodies.push(await request.clone().text())
    const [status, body] = answers[call] ?? [404, { code: 'not-found', message: `nothing at ${call}` }]
    if (status === 0) throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
    const headers = { 'content-type': 'application/json', 'set-cookie': 'sallyport_session=abc; Path=/' }
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers })
  })
  return { code, out: out.join(''), told: told.join('\n'), calls, bodies }
}

it('shows a list as an aligned table that fits the terminal, every page of it', async () => {
  const answers = {
    'GET /users?limit=200': [200, { items: [LISTED], next: 'more' }],
    'GET /users?limit=200&after=more': [200, { items: [{ ...LISTED, username: 'b'.repeat(60) }], next: null }],
  } as const
  const wide = await type(['users', 'list'], answers)
  const [head, anna, other] = wide.out.split('\n')
  expect(wide.code).toBe(0)
  expect(head?.indexOf('ROLE')).toBe(anna?.indexOf('user'))
  expect(other).toContain('b'.repeat(60))
  expect(wide.calls[0]).toContain(`Bearer ${TOKEN}`)
  const narrow = await type(['users', 'list'], answers, [], 80)
  expect(Math.max(...narrow.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(narrow.out).toContain('…')
})

it('writes what the API answered for scripts', async () => {
  const { out } = await type(['users', 'list', '--json'], {
    'GET /users?limit=200': [200, { items: [LISTED], next: null }],
  })
  expect(JSON.parse(out)).toEqual([LISTED])
})

it('does not let names steer the terminal', async () => {
  const items = [{ ...LISTED, displayName: '\u001B[2J\u202Eevil\n' }]
  const { out } = await type(['users', 'list'], { 'GET /users?limit=200': [200, { items, next: null }] })
  expect(out).toContain('\uFFFD[2J\uFFFDevil\uFFFD')
})

it.each<[code: number, args: string[], answer: Answer, told: RegExp]>([
  [
    1,
    ['whoami'],
    [403, { code: 'not-allowed', message: 'You may not do this.' }],
    /^sallyport: You may not do this\.$/,
  ],
  [1, ['whoami'], [401, { code: 'token-expired', message: 'It has expired.' }], /type: sallyport sign-in/],
  [1, ['whoami'], [502, '<html>'], /status 502 and no reason/],
  [2, ['whoami', '--nonsense'], [200, {}], /unknown option '--nonsense'/],
  [2, ['conquer'], [200, {}], /unknown command 'conquer'/],
  [2, ['users', 'list', '--role', 'king'], [200, {}], /"king" is no role; there are: operator, administrator/],
  [3, ['whoami'], [0, {}], /https:\/\/vpn\.example\.com does not answer: connect ECONNREFUSED/],
])('ends with %i for %j', async (code, args, answer, told) => {
  const result = await type(args, { 'GET /me': answer })
  expect([result.code, result.out]).toEqual([code, ''])
  expect(result.told).toMatch(told)
})

it('names the fields that were refused, for people and for scripts', async () => {
  const issues = [{ path: 'username', message: 'is taken' }]
  const answers = { 'POST /users': [400, { code: 'bad-request', message: 'Not valid.', issues }] } as const
  expect((await type(['users', 'invite', 'anna'], answers)).told).toBe('sallyport: Not valid.\n  username: is taken')
  const { told } = await type(['users', 'invite', 'anna', '--json'], answers)
  expect(JSON.parse(told)).toEqual({ code: 'bad-request', message: 'Not valid.', issues })
})

it('refuses to send a token in the clear, or without knowing where', async () => {
  environment['SALLYPORT_SERVER'] = 'http://vpn.example.com'
  expect(await type(['whoami'], {})).toMatchObject({ code: 2, calls: [], told: /in the clear/ })
  environment['SALLYPORT_SERVER'] = 'vpn.example.com'
  expect(await type(['whoami'], {})).toMatchObject({ code: 2, calls: [], told: /is no https address/ })
  delete environment['SALLYPORT_SERVER']
  expect(await type(['whoami'], {})).toMatchObject({ code: 2, calls: [], told: /Say which server/ })
})

it('reads a token from a file, and says when it cannot', async () => {
  const file = join(home, 'token')
  await writeFile(file, 'from-a-file\n')
  const { calls } = await type(['whoami', '--token-file', file], {})
  expect(calls).toEqual(['GET /me Bearer from-a-file'])
  expect(await type(['whoami', '--token-file', '/nowhere'], {})).toMatchObject({
    code: 2,
    told: /\/nowhere cannot be read/,
  })
})

it('signs in with password and code, keeps a token that only its owner can read, and forgets it', async () => {
  delete environment['SALLYPORT_TOKEN']
  const me = { user: USER, tenant: { name: 'Example', slug: 'example' }, factors: { enrolled: ['totp'] } }
  const answers = {
    'POST /sign-in': [200, { status: 'factor-required', challenge: 'c', methods: ['totp', 'recovery-code'] }],
    'POST /sign-in/factor': [200, { status: 'signed-in', mustChangePassword: false }],
    'POST /me/api-tokens': [201, { token: TOKEN, tokenId: USER.userId, expiresAt: 'tomorrow' }],
    'POST /sign-out': [204, undefined],
    'GET /me': [200, me],
    [`DELETE /me/api-tokens/${USER.userId}`]: [204, undefined],
  } as const
  const signedIn = await type(['sign-in', '--tenant', 'example', '--user', 'anna'], answers, ['hunter2', '123456'])
  expect(signedIn).toMatchObject({ code: 0, told: 'Signed in as anna until tomorrow.' })
  expect(signedIn.calls.at(-1)).toBe('POST /sign-out sallyport_session=abc')
  expect(signedIn.bodies[1]).toBe('{"challenge":"c","method":"totp","code":"123456"}')
  const file = join(home, 'sallyport/credentials.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(file, 'utf8')).toContain(TOKEN)
  expect((await type(['whoami'], answers)).out).toContain('Example (example)')
  expect((await type(['whoami', '--server', 'https://other.example'], answers)).told).toMatch(/You are signed in at/)
  expect(await type(['sign-out'], answers)).toMatchObject({ code: 0, told: 'Signed out.' })
  expect(await type(['whoami'], answers)).toMatchObject({ code: 2, told: /not signed in/ })
})

it('takes a recovery code for one, and asks for a password of one’s own', async () => {
  delete environment['SALLYPORT_TOKEN']
  const answers = {
    'POST /sign-in': [200, { status: 'factor-required', challenge: 'c', methods: ['totp', 'recovery-code'] }],
    'POST /sign-in/factor': [200, { status: 'signed-in', mustChangePassword: true }],
    'POST /me/password': [204, undefined],
    'POST /me/api-tokens': [403, { code: 'enrolment-required', message: 'Please enrol a second factor first.' }],
  } as const
  const line = ['sign-in', '--tenant', 'example', '--user', 'anna']
  const unlike = await type(line, answers, ['given', 'abcd-efgh', 'one', 'other'])
  expect(unlike).toMatchObject({ code: 2, told: /not the same/ })
  expect(unlike.bodies[1]).toContain('"method":"recovery-code"')
  const { code, told, bodies } = await type(line, answers, ['given', 'abcd-efgh', 'mine', 'mine'])
  expect(bodies[2]).toBe('{"currentPassword":"given","newPassword":"mine"}')
  expect([code, told]).toEqual([1, expect.stringMatching(/enrol a second factor/)])
})

it('sends only the rules that change, over those that hold', async () => {
  const present = { mfa: 'off', sessionSeconds: 60, requiredSince: null }
  const answers = {
    'GET /policy': [200, { policy: present, version: 7 }],
    'PUT /policy': [200, { policy: present, version: 8 }],
  } as const
  const { bodies } = await type(['policy', 'set', 'mfa=required', 'methods=["totp"]'], answers)
  expect(JSON.parse(String(bodies[0]))).toEqual({
    policy: { mfa: 'required', sessionSeconds: 60, methods: ['totp'] },
    version: 7,
  })
  expect((await type(['policy', 'set', 'mfa'], answers)).told).toMatch(/"mfa" is not like name=value/)
})

it('finds users by name, and says when there is none', async () => {
  const answers = {
    'GET /users?limit=200&search=anna': [200, { items: [{ ...LISTED, username: 'annabel' }, LISTED], next: null }],
    [`POST /users/${USER.userId}/unlock`]: [204, undefined],
  } as const
  expect(await type(['users', 'unlock', 'Anna'], answers)).toMatchObject({ code: 0, told: 'Anna may try again.' })
  const none = { 'GET /users?limit=200&search=bob': [200, { items: [], next: null }] } as const
  expect(await type(['users', 'unlock', 'bob'], none)).toMatchObject({ code: 2, told: /There is no user "bob"/ })
})

it('reads the new master key without showing it', async () => {
  const answers = { 'POST /platform/master-key': [200, { masterKeys: [] }] } as const
  const { bodies, told, out } = await type(['rotate-master-key', 'begin'], answers, ['the new key'])
  expect(bodies).toEqual(['{"newMasterKey":"the new key"}'])
  expect(told + out).not.toContain('the new key')
})

it('helps, and says what the exit codes mean', async () => {
  const { code, out } = await type(['--help'], {})
  expect(code).toBe(0)
  expect(out).toMatch(/rotate-master-key[^]*Exit codes: 0 done/)
})
