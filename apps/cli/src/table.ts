const GAP = '  '
const NARROWEST = 6

/** A column: its head and what it shows of a row. */
export type Column<Row> = readonly [head: string, show: (row: Row) => string | number | boolean | null | undefined]

/** Lays rows out in aligned columns; in a terminal of `width` characters the widest columns give way. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | undefined,
): string {
  const cells = rows.map((row) => columns.map(([, show]) => textOf(show(row))))
  const heads = columns.map(([head]) => head.toUpperCase())
  const widths = heads.map((head, column) =>
    Math.max(...[head, ...cells.map((row) => row[column] ?? '')].map(lengthOf)),
  )
  if (width !== undefined) narrow(widths, width)
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => fit(text, widths[column] ?? 0))
      .join(GAP)
      .trimEnd()
  return [heads, ...cells].map((row) => `${line(row)}\n`).join('')
}

/** Lays out what is known of one thing, a line for each name. */
export function formatFields(fields: Readonly<Record<string, unknown>>): string {
  const width = Math.max(0, ...Object.keys(fields).map(lengthOf))
  return Object.entries(fields)
    .map(([name, value]) => `${fit(name, width)}${GAP}${textOf(value)}\n`)
    .join('')
}

/** Writes a value for people. What could steer a terminal is not passed on: names come from other users. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}

function narrow(widths: number[], width: number): void {
  const total = (): number => widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length)
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths))
    const excess = total() - width
    const now = widths[widest] ?? 0
    if (now <= NARROWEST) return
    const second = Math.max(NARROWEST, ...widths.filter((_, column) => column !== widest))
    widths[widest] = Math.max(NARROWEST, now - excess, Math.min(second, now - 1))
  }
}

function fit(text: string, width: number): string {
  const characters = Array.from(text)
  return characters.length > width
    ? `${characters.slice(0, width - 1).join('')}…`
    : text.padEnd(width + text.length - characters.length)
}

function lengthOf(text: string): number {
  return Array.from(text).length
}
