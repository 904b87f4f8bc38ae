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
    for (const line of [`${cell},,,,`, `ada,${cell},,,`, `ada,,${cell},,`, `ada,,,${cell},`, `ada,,,,${cell}`]) {
      expect(await problemsOf(line)).toEqual([expect.objectContaining({ problem: matching(/formula/) })])
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
  ])
})

it.each([
  ['', /empty/],
  ['\n\n', /empty/],
  ['email\na@example.com', /"username"/],
  ['username,username\na,b', /twice/],
  ['username,password\na,b', /unknown column "password"/],
  ['username\n"ada', /not well-formed/],
  ['username\nada"x"', /not well-formed/],
  ['PK\u0003\u0004 a spreadsheet', /unknown column/],
])('refuses a file that is no such table: %j', async (text, message) => {
  await expect(readImportRows(text)).rejects.toThrow(message)
})

it('takes ten thousand rows and not one more', async () => {
  const rows = (count: number) =>
    `username\n${Array.from({ length: count }, (_, index) => `u${String(index)}`).join('\n')}`
  expect((await readImportRows(rows(10_000))).rows).toHaveLength(10_000)
  await expect(readImportRows(rows(10_001))).rejects.toThrow(/10000 rows/)
})
