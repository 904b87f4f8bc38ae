import { setImmediate } from 'node:timers/promises'

import { CsvError, parse } from 'csv-parse/sync'
import { z } from 'zod'

import { ApiProblem } from '../http/api-problem.ts'
import { MAX_IMPORT_ROWS, tooLarge } from './import-file.ts'
import type { ImportProblem, ImportProblemCode, RowProblem } from './import-problem.ts'
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

const cells = z.object({
  username,
  email: emailAddress.nullable(),
  displayname: personName.nullable(),
  role: userRole,
})
const BAD_CELLS = {
  username: 'bad-username',
  email: 'bad-email',
  displayname: 'bad-display-name',
  role: 'bad-role',
} as const satisfies Readonly<Record<keyof typeof cells.shape, ImportProblemCode>>

const parsedRecord = z.object({ record: z.array(z.string()), info: z.object({ lines: z.int() }) })

/**
 * Reads the text of a file: the first line names the columns, in any order; the separator is a comma or a semicolon.
 * Rows that cannot be users are told by their lines. Throws the 400 when it is no table, and the 413 when it has too many
 * rows.
 */
export async function readImportRows(text: string): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  const [header, ...records] = recordsOf(text)
  if (header === undefined) throw badFile('empty', 'The file is empty. Its first line must name the columns.')
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
    else problems.push({ line, ...repeatedUsername(row.username, first) })
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
    const line = typeof error['lines'] === 'number' ? error['lines'] : 0
    const near = line === 0 ? '' : ` near line ${String(line)}`
    throw badFile(
      'not-csv',
      `The file is not well-formed CSV${near}: a quotation mark is missing, too many, or in the wrong place.`,
      { line },
    )
  }
}

function columnsOf(header: readonly string[]): Column[] {
  const columns = header.map((cell) => {
    const name = cell.trim().toLowerCase()
    const column = COLUMNS.find((candidate) => candidate === name)
    if (column !== undefined) return column
    throw badFile(
      'unknown-column',
      `The first line has an unknown column ${quoted(cell)}. Known are username, email, displayName, role, groups.`,
      { column: shown(cell) },
    )
  })
  if (new Set(columns).size < columns.length) throw badFile('repeated-column', 'The first line names a column twice.')
  if (!columns.includes('username'))
    throw badFile('no-username', 'The first line must name the columns, and one of them "username".')
  return columns
}

function rowOf(line: number, columns: readonly Column[], record: readonly string[]): ImportRow | ImportProblem {
  if (record.length !== columns.length) return { line, ...wrongCellCount(record.length, columns.length) }
  const texts = new Map(columns.map((column, index) => [column, record[index]?.trim() ?? '']))
  for (const [index, column] of columns.entries()) {
    const problem = problemOfCell(column, record[index] ?? '')
    if (problem !== undefined) return { line, ...problem }
  }
  const groupNames = (texts.get('groups') ?? '').split(GROUP_SEPARATOR).flatMap((name) => name.trim() || [])
  if (groupNames.length > MAX_GROUPS) return { line, ...tooManyGroups() }
  const read = cells.safeParse({
    username: texts.get('username'),
    email: texts.get('email') || null,
    displayname: texts.get('displayname') || null,
    role: texts.get('role')?.toLowerCase() || 'user',
  })
  if (!read.success) return { line, ...badCell(read.error) }
  const { username: name, email, displayname: displayName, role } = read.data
  return { line, username: name, email, displayName, role, groupNames: [...new Set(groupNames)] }
}

/** Refused rather than changed: a cell that is turned into text by a quotation mark comes back as another name. */
function problemOfCell(column: Column, raw: string): RowProblem | undefined {
  const parameters = { column }
  if (raw.length > MAX_CELL_CHARACTERS) {
    return { code: 'cell-too-long', parameters, problem: `${column} is too long.` }
  }
  if (FORMULA.test(raw) || FORMULA.test(raw.trim())) {
    const problem = `${column} begins like a formula (= + - @ or tab). Please take that sign away.`
    return { code: 'formula', parameters, problem }
  }
  if (/\p{Cc}/u.test(raw)) {
    const problem = `${column} has a line break or another control character.`
    return { code: 'control-character', parameters, problem }
  }
  return undefined
}

function badCell({ issues: [issue] }: z.ZodError<z.infer<typeof cells>>): RowProblem {
  const column = cells.keyof().parse(issue?.path[0])
  return { code: BAD_CELLS[column], problem: `${column} ${issue?.message ?? 'is not valid'}.` }
}

function wrongCellCount(cellCount: number, columnCount: number): RowProblem {
  const problem = `The line has ${String(cellCount)} cells, and there are ${String(columnCount)} columns.`
  return { code: 'wrong-cell-count', parameters: { cells: cellCount, columns: columnCount }, problem }
}

function tooManyGroups(): RowProblem {
  const problem = `groups names more than ${String(MAX_GROUPS)} groups.`
  return { code: 'too-many-groups', parameters: { limit: MAX_GROUPS }, problem }
}

function repeatedUsername(name: string, firstLine: number): RowProblem {
  const problem = `The user name "${name}" is on line ${String(firstLine)} already.`
  return { code: 'repeated-username', parameters: { username: name, firstLine }, problem }
}

type BadFileReason = 'empty' | 'not-csv' | 'unknown-column' | 'repeated-column' | 'no-username'

function badFile(reason: BadFileReason, message: string, named: ApiProblem['parameters'] = {}): ApiProblem {
  return new ApiProblem(400, 'bad-file', message, undefined, {}, { reason, ...named })
}

/** A short piece of what stands in a file, fit for a message. */
function shown(cell: string): string {
  return cell.slice(0, 40)
}

function quoted(cell: string): string {
  return JSON.stringify(shown(cell))
}
