import { ApiClientError, CsvFile, EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, PASSWORD, type TestTenant } from './auth-service-harness.ts'
import { linkTokenOf, MailServer } from './mail-server.ts'
import { queryRows } from './query-rows.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const HEADER = 'username,email,displayName,role,groups'

let mail: MailServer
let harness: AuthServiceHarness
let acme: TestTenant

beforeAll(async () => {
  mail = await MailServer.start()
  harness = await AuthServiceHarness.start({ SMTP_URL: mail.url, MAIL_FROM: 'vpn@example.com' })
  acme = await harness.tenant('acme')
  for (const name of ['Engineering', 'On call']) await acme.client.api.call('POST', '/groups', { name })
}, 60_000)

afterAll(async () => {
  await harness[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

const importCsv = (text: string, query = '') => acme.client.api.call('POST', `/users/import${query}`, new CsvFile(text))
const problemsOf = async (text: string) =>
  fieldOf(await importCsv(text, '?dryRun=true'), 'problems') as { line: number; problem: string }[]

async function userCount(): Promise<unknown> {
  const [row] = await queryRows(harness.postgres.url, 'SELECT count(*)::int AS count FROM users WHERE tenant_id = $1', [
    acme.tenantId,
  ])
  return row?.['count']
}

/** Sends a body as it is, with the session of the administrator. */
async function post(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Promise<Response> {
  const signIn = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'acme', username: 'admin', password: PASSWORD }),
  })
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  // Browsers' types do not know `duplex`, which Node wants with a stream.
  const request = { method: 'POST', headers: { 'content-type': 'text/csv', cookie, ...headers }, body, duplex: 'half' }
  return fetch(`${harness.publicUrl}/api/v1/users/import`, request)
}

it('tells in a dry run exactly what the real run does, and changes nothing', async () => {
  const file = `\uFEFF${HEADER}\r\nada,ada@example.com,Ada Lovelace,auditor,Engineering;On call\r\ngrace,,,,\r\n`
  const before = await userCount()
  const dry = await importCsv(file, '?dryRun=true')
  expect(dry).toEqual({ dryRun: true, rows: 2, created: 2, problemCount: 0, problems: [], users: [] })
  expect(await userCount()).toBe(before)
  const real = await importCsv(file)
  expect(real).toMatchObject({ dryRun: false, rows: 2, created: 2, problemCount: 0, problems: [] })
  const users = fieldOf(real, 'users') as Record<string, unknown>[]
  expect(users).toMatchObject([
    { line: 2, username: 'ada', invitation: { mailed: true } },
    { line: 3, username: 'grace', invitation: { mailed: false } },
  ])
  const log = fieldOf(await acme.client.api.call('GET', '/audit?action=user.import'), 'items')
  expect(log).toMatchObject([
    {
      details: {
        created: 2,
        users: [{ userId: users[0]?.['userId'], role: 'auditor' }, { userId: users[1]?.['userId'] }],
      },
    },
  ])
  const shown = await acme.client.api.call('GET', `/users/${requiredText(users[0], 'userId')}`)
  expect(shown).toMatchObject({ displayName: 'Ada Lovelace', role: 'auditor', hasPassword: false })
  expect((fieldOf(shown, 'groups') as { name: string }[]).map(({ name }) => name).sort()).toEqual([
    'Engineering',
    'On call',
  ])
  const token = linkTokenOf(await mail.mailTo('ada@example.com'))
  await new EnrolmentClient(harness.publicUrl).api.call('POST', `/links/${token}`, { password: PASSWORD })
  await new EnrolmentClient(harness.publicUrl).signIn({ tenant: 'acme', username: 'ada', password: PASSWORD })
})

it('creates nobody when one line is wrong, and names every wrong line', async () => {
  const file = [HEADER, 'fine,,,,', 'ADMIN,,,,', 'two,,,,Nobody', 'three,,,operator,', '=1+1,,,,', 'fine,,,,'].join(
    '\n',
  )
  const before = await userCount()
  for (const query of ['?dryRun=true', '']) {
    const report = await importCsv(file, query)
    expect(report).toMatchObject({ rows: 6, created: 0, problemCount: 5, users: [] })
    const problems = fieldOf(report, 'problems') as { line: number; problem: string }[]
    expect(problems.map(({ line, problem }) => `${String(line)} ${problem}`)).toEqual([
      '3 There is a user "admin" already.',
      '4 There is no group "Nobody".',
      expect.stringMatching(/^5 .*operator/),
      expect.stringMatching(/^6 username begins like a formula/),
      '7 The user name "fine" is on line 2 already.',
    ])
  }
  expect(await userCount()).toBe(before)
})

it('creates as many as it may at once', async () => {
  const crowd = await harness.tenant('crowd')
  await crowd.client.api.call('POST', '/groups', { name: 'On call' })
  const rows = Array.from(
    { length: 10_000 },
    (_, index) => `person-${String(index)},,Person ${String(index)},user,On call`,
  )
  const report = await crowd.client.api.call('POST', '/users/import', new CsvFile([HEADER, ...rows].join('\n')))
  expect(report).toMatchObject({ rows: 10_000, created: 10_000, problemCount: 0 })
  const again = await crowd.client.api.call('POST', '/users/import', new CsvFile([HEADER, ...rows].join('\n')))
  expect(again).toMatchObject({ created: 0, problemCount: 10_000 })
  expect(fieldOf(again, 'problems')).toHaveLength(1000)
}, 30_000)

it('creates the users of a file once, when it comes twice at the same moment', async () => {
  const file = [HEADER, ...Array.from({ length: 300 }, (_, index) => `twin-${String(index)},,,,`)].join('\n')
  const before = Number(await userCount())
  const outcomes = await Promise.allSettled([importCsv(file), importCsv(file)])
  const created = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? fieldOf(outcome.value, 'created') : 0))
  expect(created.sort()).toEqual([0, 300])
  expect(await userCount()).toBe(before + 300)
  const refusal = outcomes.find(({ status }) => status === 'rejected')
  if (refusal !== undefined) expect(refusal).toMatchObject({ reason: { status: 409, code: 'changed-meanwhile' } })
})

it('has imports that come together wait for their turn, and refuses those beyond', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => importCsv(`${HEADER}\nADMIN,,,,`, '?dryRun=true')),
  )
  const answers = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? fieldOf(outcome.value, 'problemCount') : fieldOf(outcome.reason, 'code'),
  )
  const refused = answers.filter((answer) => answer === 'too-many-imports')
  expect(answers.filter((answer) => answer === 1).length + refused.length).toBe(8)
  expect(refused.length).toBeLessThanOrEqual(3)
})

it('refuses a million rows, however they come, without reading them', async () => {
  const rows = `${HEADER}\n${'x,,,,\n'.repeat(1_000_000)}`
  const answer = await post(rows)
  expect(answer.status).toBe(413)
  expect(await answer.json()).toMatchObject({ code: 'too-large', message: matching(/10000 rows or 5 MB/) })
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1
      if (sent > 2000) controller.close()
      else controller.enqueue(Buffer.from('x,,,,\n'.repeat(1000)))
    },
  })
  const streamed = await post(endless)
  expect(streamed.status).toBe(413)
  expect(await (await post(`username\n${'x'.repeat(6 * 1024 * 1024)}`)).json()).toMatchObject({ code: 'too-large' })
})

it.each([
  ['Latin-1', Buffer.from(`${HEADER}\nzo\xeb,,,,`, 'latin1'), /Line 2 is not in UTF-8.*CSV UTF-8/],
  ['mixed encodings', Buffer.concat([Buffer.from('username\nada\u00e9\n'), Buffer.from('zo\xeb', 'latin1')]), /Line 3/],
  ['UTF-16', Buffer.from(`\uFEFF${HEADER}\nada,,,,`, 'utf16le'), /UTF-16/],
])('refuses a file in %s and says what to do', async (_, file, message) => {
  const answer = await post(file)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'bad-encoding', message: matching(message) })
})

it('refuses other types, other character sets and compressed files', async () => {
  for (const headers of [
    { 'content-type': 'application/json' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'text/csv; charset=iso-8859-1' },
    { 'content-encoding': 'gzip' },
  ]) {
    const answer = await post('username\nnobody', headers)
    expect([400, 415], JSON.stringify(headers)).toContain(answer.status)
  }
  const other = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'username\nada',
  })
  expect(other.status).toBe(415)
})

it('lets nobody import who may not, before the file is read', async () => {
  const user = await harness.user(acme, 'curious', { totp: false })
  const attempts = [
    [user.client, 403],
    [new EnrolmentClient(harness.publicUrl), 401],
  ] as const
  for (const [client, status] of attempts) {
    const attempt = client.api.call('POST', '/users/import', new CsvFile(`${HEADER}\nx,,,,`))
    await expect(attempt).rejects.toSatisfy((error) => error instanceof ApiClientError && error.status === status)
  }
})

it.each(['', 'username', HEADER, 'email\nx@example.com', 'username\n"open', 'username;email\nada,x'])(
  'answers in words to a file that is no list of users: %j',
  async (text) => {
    const answer = await post(text === '' ? '\n' : text)
    const body: unknown = await answer.json()
    if (answer.status === 200) expect(body).toMatchObject({ created: 0 })
    else expect(body).toMatchObject({ code: 'bad-file', message: matching(/\.$/) })
  },
)

it('takes what people write into names, and gives it back as it was', async () => {
  const names = ['Zoë O’Hara', 'Łukasz (external)', 'भाषा', '"quoted, with comma"']
  const problems = await problemsOf(
    ['username,displayname', ...names.map((name, index) => `p${String(index)},${name}`)].join('\n'),
  )
  expect(problems).toEqual([])
  expect(await problemsOf('username,displayname\nq1,<b>x</b>\nq2,a\u202Eb\nq3,x\u0000')).toHaveLength(3)
})
