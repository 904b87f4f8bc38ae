import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { runCli } from './cli.ts'
import type { Terminal } from './terminal.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

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

/** As if somebody had signed in before. */
async function saveSignIn(server: string): Promise<void> {
  delete environment['SALLYPORT_TOKEN']
  await mkdir(join(home, 'sallyport'))
  const kept = { server, tokenId: USER.userId, token: TOKEN }
  await writeFile(join(home, 'sallyport/credentials.json'), JSON.stringify(kept))
}

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
  [
    1,
    ['whoami'],
    [403, { code: 'reauthentication-required', message: 'Please give your password again.' }],
    /^sallyport: Please give your password again\.\n {2}To prove it, type: sallyport sign-in\. .* API token/,
  ],
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
  expect(await type(['whoami'], {})).toMatchObject({ code: 2, calls: [], told: matching(/in the clear/) })
  environment['SALLYPORT_SERVER'] = 'vpn.example.com'
  expect(await type(['whoami'], {})).toMatchObject({
    code: 2,
    calls: [],
    told: matching(/is no https address/),
  })
  delete environment['SALLYPORT_SERVER']
  expect(await type(['whoami'], {})).toMatchObject({
    code: 2,
    calls: [],
    told: matching(/Say which server/),
  })
})

it('reads a token from a file, and says when it cannot', async () => {
  const file = join(home, 'token')
  await writeFile(file, 'from-a-file\n')
  const { calls } = await type(['whoami', '--token-file', file], {})
  expect(calls).toEqual(['GET /me Bearer from-a-file'])
  expect(await type(['whoami', '--token-file', '/nowhere'], {})).toMatchObject({
    code: 2,
    told: matching(/\/nowhere cannot be read/),
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
  expect(await type(['whoami'], answers)).toMatchObject({ code: 2, told: matching(/not signed in/) })
})

it('signs in again at the server of before, when none is named', async () => {
  await saveSignIn('https://kept.example')
  delete environment['SALLYPORT_SERVER']
  const answers = {
    'POST /sign-in': [200, { status: 'signed-in' }],
    'POST /me/api-tokens': [201, { token: 'sp_new', tokenId: 'id', expiresAt: 'tomorrow' }],
    'POST /sign-out': [204, undefined],
  } as const
  expect(await type(['sign-in', '--tenant', 'example', '--user', 'anna'], answers, ['hunter2'])).toMatchObject({
    code: 0,
  })
  const kept: unknown = JSON.parse(await readFile(join(home, 'sallyport/credentials.json'), 'utf8'))
  expect(kept).toMatchObject({ server: 'https://kept.example', token: 'sp_new' })
})

/** What the server answers to the person of the token when they prove again who they are. */
const PROVEN = {
  'GET /me': [200, { user: USER, tenant: { slug: 'example' }, permissions: ['self.read', 'audit.read'] }],
  'POST /sign-in': [200, { status: 'factor-required', challenge: 'c', methods: ['totp'] }],
  'POST /sign-in/factor': [200, { status: 'signed-in' }],
  'POST /sign-out': [204, undefined],
} as const

it('makes a token for the person who proves again who they are, and writes it once, alone', async () => {
  const made = { token: 'sp_made', tokenId: 'id', expiresAt: 'then', name: 'ci', scopes: ['audit.read'] }
  const answers = { ...PROVEN, 'POST /me/api-tokens': [201, made] } as const
  const line = ['tokens', 'create', 'ci', '--days', '7', '--scope', 'audit.read']
  const { code, out, told, calls, bodies } = await type(line, answers, ['hunter2', '123456'])
  expect([code, out]).toEqual([0, 'sp_made\n'])
  expect(told).toContain('good until then')
  expect(told).not.toMatch(/sp_made|hunter2|123456/)
  expect(bodies[0]).toBe('{"tenant":"example","username":"anna","password":"hunter2"}')
  expect(JSON.parse(String(bodies[2]))).toEqual({ name: 'ci', scopes: ['audit.read'], expiresInSeconds: 7 * 86_400 })
  // The token that is there asks who it is; all else is done by the person, whose session ends.
  expect(calls.map((call) => call.split(' ').slice(2).join(' '))).toEqual([
    `Bearer ${TOKEN}`,
    '-',
    ...['POST', 'GET', 'POST', 'POST'].map(() => 'sallyport_session=abc'),
  ])
  expect(calls.at(-1)).toMatch(/^POST \/sign-out /)
  const json = await type([...line, '--json'], answers, ['hunter2', '123456'])
  expect(JSON.parse(json.out)).toEqual(made)
  const all = await type(['tokens', 'create', 'ci', '--scope', 'all'], answers, ['hunter2', '123456'])
  expect(JSON.parse(String(all.bodies[2]))).toMatchObject({ scopes: 'all', expiresInSeconds: 90 * 86_400 })
})

it('makes no token of what the person may not do, for no time, or without their password', async () => {
  const line = ['tokens', 'create', 'ci', '--scope', 'audit.read', 'users.write']
  const greedy = await type(line, PROVEN, ['hunter2', '123456'])
  expect(greedy).toMatchObject({
    code: 2,
    out: '',
    told: matching(/no permission "users\.write"; you have: self\.read, audit\.read/),
  })
  expect(greedy.calls.at(-1)).toMatch(/^POST \/sign-out /)
  expect(await type(['tokens', 'create', 'ci'], PROVEN)).toMatchObject({
    code: 2,
    calls: [],
    told: matching(/--scope/),
  })
  for (const days of ['x', '0']) {
    expect(await type([...line, '--days', days], PROVEN)).toMatchObject({
      code: 2,
      calls: [],
      told: matching(/no number of days/),
    })
  }
  const refused = { ...PROVEN, 'POST /sign-in': [401, { code: 'wrong', message: 'That is not right.' }] } as const
  expect(await type(line, refused, ['x'])).toMatchObject({
    code: 1,
    out: '',
    told: matching(/That is not right/),
  })
})

it('extends an own connection for the person who proves again who they are', async () => {
  const path = `POST /me/connections/${USER.userId}/extend`
  const answers = { ...PROVEN, [path]: [200, { sessionEndsAt: 'tonight' }] } as const
  const extended = await type(['sessions', 'extend', USER.userId], answers, ['hunter2', '123456'])
  expect(extended).toMatchObject({ code: 0, out: 'session ends  tonight\n' })
  expect(extended.calls).toContain(`${path} sallyport_session=abc`)
  const ended = { ...PROVEN, [path]: [409, { code: 'connection-ended', message: 'It has ended.' }] } as const
  expect(await type(['sessions', 'extend', USER.userId], ended, ['hunter2', '123456'])).toMatchObject({
    code: 1,
    out: '',
  })
})

it('tries a policy on a device of the user, by its name', async () => {
  const deviceId = '11111111-2222-4333-8444-555555555555'
  const devices = `GET /devices?limit=200&userId=${USER.userId}&state=active`
  const answers = {
    [devices]: [200, { items: [{ name: 'phone', deviceId }], next: null }],
    'GET /policy': [200, { policy: {}, version: 1 }],
    'POST /policy/dry-run': [200, { decision: 'allow', methods: [], checks: [] }],
  } as const
  const line = ['policy', 'dry-run', USER.userId, '--device']
  const { code, bodies } = await type([...line, 'phone'], answers)
  expect(code).toBe(0)
  expect(JSON.parse(String(bodies[0]))).toEqual({ userId: USER.userId, attempt: { deviceId } })
  expect((await type([...line, deviceId], answers)).calls.some((call) => call.startsWith('GET /devices'))).toBe(false)
  expect(await type([...line, 'laptop'], answers)).toMatchObject({
    code: 2,
    told: matching(/There is no device of this user "laptop"/),
  })
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
  expect(unlike).toMatchObject({ code: 2, told: matching(/not the same/) })
  expect(unlike.bodies[1]).toContain('"method":"recovery-code"')
  const { code, told, bodies } = await type(line, answers, ['given', 'abcd-efgh', 'mine', 'mine'])
  expect(bodies[2]).toBe('{"currentPassword":"given","newPassword":"mine"}')
  expect([code, told]).toEqual([1, matching(/enrol a second factor/)])
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
  expect(await type(['users', 'unlock', 'bob'], none)).toMatchObject({
    code: 2,
    told: matching(/There is no user "bob"/),
  })
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
