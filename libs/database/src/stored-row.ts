import { Prisma } from './generated/client.ts'

type Convert = (value: unknown) => unknown

/** One column: its name in Prisma's rows, its name in the table, and how its JSON becomes what Prisma gives. */
type Column = readonly [field: string, column: string, convert: Convert]

const BIG_INTEGERS = new Set(['keyLimitBytes', 'keyLimitPackets', 'totpLastStep'])
const BYTES = new Set(['totpSecret'])
/** Prisma gives an empty list where there is none. */
const LISTS = new Set(['dnsDomains', 'dnsResolveDomains', 'dnsServers', 'namespaces', 'routes'])
const DATES = /(?:At|After|From)$/

/** Reads a row that PostgreSQL wrote with `to_jsonb` into what Prisma would have given for it. */
export class StoredRow<Row extends object> {
  readonly #columns: readonly Column[]

  private constructor(fields: object) {
    this.#columns = Object.keys(fields).map((field) => [field, columnOf(field), converterOf(field)])
  }

  static readonly device = new StoredRow<Prisma.DeviceGetPayload<object>>(Prisma.DeviceScalarFieldEnum)
  static readonly user = new StoredRow<Prisma.UserGetPayload<object>>(Prisma.UserScalarFieldEnum)
  static readonly network = new StoredRow<Prisma.NetworkGetPayload<object>>(Prisma.NetworkScalarFieldEnum)
  static readonly tenant = new StoredRow<Prisma.TenantGetPayload<object>>(Prisma.TenantScalarFieldEnum)

  /** Throws when a column is missing: the database is of another version. */
  read(json: object): Row {
    const stored = new Map<string, unknown>(Object.entries(json))
    const row: Record<string, unknown> = {}
    for (const [field, column, convert] of this.#columns) {
      const value = stored.get(column)
      if (value === undefined) throw new TypeError(`the database has no column ${column}`)
      row[field] = convert(value)
    }
    if (!this.#isWhole(row)) throw new TypeError('a row is not whole')
    return row
  }

  #isWhole(row: Record<string, unknown>): row is Record<string, unknown> & Row {
    return this.#columns.every(([field]) => field in row)
  }
}

/** The schema maps every field to its name in snake case. */
function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function converterOf(field: string): Convert {
  if (LISTS.has(field)) return (value) => value ?? []
  if (DATES.test(field)) return unlessNull((value) => new Date(String(value)))
  if (BIG_INTEGERS.has(field)) return unlessNull((value) => BigInt(String(value)))
  // PostgreSQL writes bytea as \x and hexadecimal digits.
  if (BYTES.has(field)) return unlessNull((value) => new Uint8Array(Buffer.from(String(value).slice(2), 'hex')))
  return (value) => value
}

function unlessNull(convert: Convert): Convert {
  return (value) => (value === null ? null : convert(value))
}
