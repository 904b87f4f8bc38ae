import { expect, it } from 'vitest'

import { readImportRows } from './import-rows.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const HEADER = 'username,email,displayName,role,groups'
const problemsOf = async (...lines: string[]) => (await readImportRows([HEADER, ...lines].join('\n'))).problems

it('reads every column, whatever the order, the separator and the line ends', async () => {
  const ada = {
    line: 2,
    username: 'ada',
    email: 'ada@example.com',
    displayName: 'Ada Lovelace',
    role: 'auditor',
    groupNames: ['Engineering', 'On call'],
  }
  const comma = `${HEADER}\r\nAda,Ada@Example.com,Ada Lovelace,auditor,Engineering; On call ;Engineering\r\n\r\n`
  expect(await readImportRows(comma)).toEqual({ rows: [ada], problems: [] })
  const semicolon =
    'Groups;USERNAME;role;email;displayname\n"Engineering;On call";ada;Auditor;ada@example.com;Ada Lovelace'
  expect(await readImportRows(semicolon)).toEqual({ rows: [ada], problems: [] })
})

it('needs no more than names', async () => {
  expect((await readImportRows('username\nada\n\n\ngrace\n')).rows).toEqual([
    { line: 2, username: 'ada', email: null, displayName: null, role: 'user', groupNames: [] },
    { line: 5, username: 'grace', email: null, displayName: null, role: 'user', groupNames: [] },
  ])
})

it.each(['=cmd|calc', '+1', '-1+1', '@SUM(A1)', '\t=1', ' =1', '"\n=1"'])(
  'refuses what a spreadsheet runs, in every column: %j',
  async (cell) => {
    const lines = [`${cell},,,,`, `ada,${cell},,,`, `ada,,${cell},,`, `ada,,,${cell},`, `ada,,,,${cell}`]
    for (const [index, line] of lines.entries()) {
      const column = HEADER.toLowerCase().split(',')[index]
      const problem = { code: 'formula', parameters: { column }, problem: matching(/formula/) }
      expect(await problemsOf(line)).toEqual([expect.objectContaining(problem)])
    }
  },
)

it('names the line and the column of everything that is no user', async () => {
  const problems = await problemsOf(
    'ada,,,,',
    'Ada,,,,',
    'a b,,,,',
    'bob,not-an-address,,,',
    'carol,,"<script>",,',
    'dave,,,king,',
    'erin,,,',
    '"frank\u0000",,,,',
    ',mail@example.com,,,',
    `x${'y'.repeat(5000)},,,,`,
    `grace,,,,${Array.from({ length: 51 }, (_, index) => `g${String(index)}`).join(';')}`,
  )
  expect(problems.map(({ line, problem }) => `${String(line)} ${problem}`)).toEqual([
    '3 The user name "ada" is on line 2 already.',
    expect.stringMatching(/^4 username must be letters/),
    expect.stringMatching(/^5 email must be an e-mail address/),
    expect.stringMatching(/^6 displayname must begin/),
    expect.stringMatching(/^7 role /),
    '8 The line has 4 cells, and there are 5 columns.',
    expect.stringMatching(/^9 username has a line break or another control character/),
    expect.stringMatching(/^10 username must be/),
    '11 username is too long.',
    '12 groups names more than 50 groups.',
  ])
  // The same for programs, and for who says it in another language.
  expect(problems.map(({ code, parameters }) => [code, parameters])).toEqual([
    ['repeated-username', { username: 'ada', firstLine: 2 }],
    ['bad-username', undefined],
    ['bad-email', undefined],
    ['bad-display-name', undefined],
    ['bad-role', undefined],
    ['wrong-cell-count', { cells: 4, columns: 5 }],
    ['control-character', { column: 'username' }],
    ['bad-username', undefined],
    ['cell-too-long', { column: 'username' }],
    ['too-many-groups', { limit: 50 }],
  ])
})

it.each([
  ['', /empty/, { reason: 'empty' }],
  ['\n\n', /empty/, { reason: 'empty' }],
  ['email\na@example.com', /"username"/, { reason: 'no-username' }],
  ['username,username\na,b', /twice/, { reason: 'repeated-column' }],
  ['username,password\na,b', /unknown column "password"/, { reason: 'unknown-column', column: 'password' }],
  ['username\n"ada', /not well-formed/, { reason: 'not-csv', line: 2 }],
  ['username\nada"x"', /not well-formed/, { reason: 'not-csv', line: 2 }],
  ['PK\u0003\u0004 a spreadsheet', /unknown column/, { reason: 'unknown-column' }],
])('refuses a file that is no such table: %j', async (text, message, parameters) => {
  const refused = expect(readImportRows(text)).rejects
  await refused.toThrow(message)
  await refused.toMatchObject({ status: 400, code: 'bad-file', parameters })
})

it('takes ten thousand rows and not one more', async () => {
  const rows = (count: number) =>
    `username\n${Array.from({ length: count }, (_, index) => `u${String(index)}`).join('\n')}`
  expect((await readImportRows(rows(10_000))).rows).toHaveLength(10_000)
  const tooLarge = { code: 'too-large', parameters: { reason: 'import', rows: 10_000, megabytes: 5 } }
  await expect(readImportRows(rows(10_001))).rejects.toMatchObject(tooLarge)
})
