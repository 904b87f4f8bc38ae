import { setImmediate } from 'node:timers/promises'

import { CsvError, parse } from 'csv-parse/sync'
import { z } from 'zod'

import { ApiProblem } from '../http/api-problem.ts'
import { MAX_IMPORT_ROWS, tooLarge } from './import-file.ts'
import { emailAddress, personName, username, userRole } from './users.schemas.ts'

const COLUMNS = ['username', 'email', 'displayname', 'role', 'groups'] as const
type Column = (typeof COLUMNS)[number]
const GROUP_SEPARATOR = ';'
const MAX_GROUPS = 50
const MAX_CELL_CHARACTERS = 4096
/** What spreadsheets take for a formula when it begins a cell (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n]/
/** Other requests are served in between. */
const ROWS_AT_ONCE = 250
/** More would help nobody; the count goes on. */
export const MAX_PROBLEMS = 1000

/** A row of the file that can be a user, if the tenant agrees. */
export interface ImportRow {
  /** Counted from 1, as editors do. */
  readonly line: number
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  readonly role: z.infer<typeof userRole>
  readonly groupNames: readonly string[]
}

/** What is wrong with a line of the file, in a sentence. */
export interface ImportProblem {
  readonly line: number
  readonly problem: string
}

const cells = z.object({
  username,
  email: emailAddress.nullable(),
  displayname: personName.nullable(),
  role: userRole,
})

const parsedRecord = z.object({ record: z.array(z.string()), info: z.object({ lines: z.int() }) })

/**
 * Reads the text of a file: the first line names the columns, in any order; the separator is a comma or a semicolon.
 * Rows that cannot be users are told by their lines. Throws the 400 when it is no table, and the 413 when it has too many
 * rows.
 */
export async function readImportRows(text: string): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  const [header, ...records] = recordsOf(text)
  if (header === undefined) throw badFile('The file is empty. Its first line must name the columns.')
  const columns = columnsOf(header.cells)
  if (records.length > MAX_IMPORT_ROWS) throw tooLarge()
  const rows: ImportRow[] = []
  const problems: ImportProblem[] = []
  const firstLines = new Map<string, number>()
  for (const [index, { line, cells }] of records.entries()) {
    if (index % ROWS_AT_ONCE === 0) await setImmediate()
    const row = rowOf(line, columns, cells)
    if ('problem' in row) {
      problems.push(row)
      continue
    }
    const first = firstLines.get(row.username)
    if (first === undefined) rows.push(row)
    else problems.push({ line, problem: `The user name "${row.username}" is on line ${String(first)} already.` })
    firstLines.set(row.username, first ?? line)
  }
  return { rows, problems }
}

function recordsOf(text: string): { line: number; cells: string[] }[] {
  const header = /^[^\r\n]*/.exec(text.trimStart())?.[0] ?? ''
  const delimiter = header.includes(';') && !header.includes(',') ? ';' : ','
  try {
    const parsed: unknown = parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: 16 * MAX_CELL_CHARACTERS,
    })
    return z
      .array(parsedRecord)
      .parse(parsed)
      .map(({ record, info }) => ({ line: info.lines, cells: record }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? ` near line ${String(error['lines'])}` : ''
    throw badFile(
      `The file is not well-formed CSV${line}: a quotation mark is missing, too many, or in the wrong place.`,
    )
  }
}

function columnsOf(header: readonly string[]): Column[] {
  const columns = header.map((cell) => {
    const name = cell.trim().toLowerCase()
    const column = COLUMNS.find((candidate) => candidate === name)
    if (column !== undefined) return column
    throw badFile(
      `The first line has an unknown column ${shown(cell)}. Known are username, email, displayName, role, groups.`,
    )
  })
  if (new Set(columns).size < columns.length) throw badFile('The first line names a column twice.')
  if (!columns.includes('username')) throw badFile('The first line must name the columns, and one of them "username".')
  return columns
}

function rowOf(line: number, columns: readonly Column[], record: readonly string[]): ImportRow | ImportProblem {
  if (record.length !== columns.length) {
    return {
      line,
      problem: `The line has ${String(record.length)} cells, and there are ${String(columns.length)} columns.`,
    }
  }
  const texts = new Map(columns.map((column, index) => [column, record[index]?.trim() ?? '']))
  for (const [index, raw] of record.entries()) {
    const problem = problemOfCell(raw)
    if (problem !== undefined) return { line, problem: `${columns[index] ?? ''} ${problem}` }
  }
  const groupNames = (texts.get('groups') ?? '').split(GROUP_SEPARATOR).flatMap((name) => name.trim() || [])
  if (groupNames.length > MAX_GROUPS) return { line, problem: `groups names more than ${String(MAX_GROUPS)} groups.` }
  const read = cells.safeParse({
    username: texts.get('username'),
    email: texts.get('email') || null,
    displayname: texts.get('displayname') || null,
    role: texts.get('role')?.toLowerCase() || 'user',
  })
  if (!read.success) {
    const [issue] = read.error.issues
    return { line, problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not valid'}.` }
  }
  const { username: name, email, displayname: displayName, role } = read.data
  return { line, username: name, email, displayName, role, groupNames: [...new Set(groupNames)] }
}

/** Refused rather than changed: a cell that is turned into text by a quotation mark comes back as another name. */
function problemOfCell(raw: string): string | undefined {
  if (raw.length > MAX_CELL_CHARACTERS) return 'is too long.'
  if (FORMULA.test(raw) || FORMULA.test(raw.trim()))
    return 'begins like a formula (= + - @ or tab). Please take that sign away.'
  if (/\p{Cc}/u.test(raw)) return 'has a line break or another control character.'
  return undefined
}

function badFile(message: string): ApiProblem {
  return new ApiProblem(400, 'bad-file', message)
}

/** A short piece of what stands in a file, fit for a message. */
function shown(cell: string): string {
  return JSON.stringify(cell.slice(0, 40))
}
