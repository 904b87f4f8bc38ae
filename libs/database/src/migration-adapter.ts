import {
  bindMigrationAwareSqlAdapterFactory,
  type ColumnType,
  ColumnTypeEnum as Type,
  DriverAdapterError,
  type MappedError,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import { errorCode } from '@sallyport/foundation'
import pg from 'pg'

// The schema engine cannot use @prisma/adapter-pg: that one does not read PostgreSQL's "char" type, which the catalogue
// is full of, and it opens the shadow database with the main database's URL.

/** PostgreSQL type OIDs that the schema engine's catalogue queries return. */
const COLUMN_TYPES: Readonly<Record<number, ColumnType>> = {
  16: Type.Boolean,
  17: Type.Bytes,
  18: Type.Character,
  19: Type.Text,
  20: Type.Int64,
  21: Type.Int32,
  23: Type.Int32,
  25: Type.Text,
  26: Type.Int64,
  114: Type.Json,
  700: Type.Float,
  701: Type.Double,
  1000: Type.BooleanArray,
  1002: Type.CharacterArray,
  1003: Type.TextArray,
  1005: Type.Int32Array,
  1007: Type.Int32Array,
  1009: Type.TextArray,
  1015: Type.TextArray,
  1016: Type.Int64Array,
  1028: Type.Int64Array,
  1042: Type.Text,
  1043: Type.Text,
  1082: Type.Date,
  1114: Type.DateTime,
  1184: Type.DateTime,
  1700: Type.Numeric,
  2950: Type.Uuid,
  3802: Type.Json,
}
/** The part of pg's type registry that is used here. */
const TYPE_PARSERS: { getTypeParser(oid: number, format: 'text'): (text: string) => unknown } = pg.types
const TEXT_ARRAY = 1009
/** `char[]` and `name[]` are parsed as `text[]`. */
const PARSED_AS: Readonly<Record<number, number>> = { 1002: TEXT_ARRAY, 1003: TEXT_ARRAY }
const PARSED = new Set([16, 21, 23, 700, 701, 1000, 1002, 1003, 1005, 1007, 1009, 1015, 1016, 1028])
const TIMESTAMP = 1114
const TIMESTAMP_WITH_ZONE = 1184

function parserOf(oid: number): (text: string) => unknown {
  if (oid === TIMESTAMP_WITH_ZONE) return (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')
  if (oid === TIMESTAMP) return (text) => `${text.replace(' ', 'T')}+00:00`
  if (PARSED.has(oid)) return TYPE_PARSERS.getTypeParser(PARSED_AS[oid] ?? oid, 'text')
  return (text) => text
}

function mappedError(error: unknown): DriverAdapterError {
  const message = error instanceof Error ? error.message : String(error)
  const code = errorCode(error) ?? 'N/A'
  const database = /"(.*?)"/.exec(message)?.[1] ?? ''
  const kinds: Readonly<Record<string, MappedError>> = {
    '3D000': { kind: 'DatabaseDoesNotExist', db: database },
    '42P04': { kind: 'DatabaseAlreadyExists', db: database },
    '28P01': { kind: 'AuthenticationFailed' },
    ECONNREFUSED: { kind: 'DatabaseNotReachable' },
  }
  const fields = error instanceof pg.DatabaseError ? error : undefined
  return new DriverAdapterError(
    kinds[code] ?? {
      kind: 'postgres',
      code,
      severity: fields?.severity ?? 'N/A',
      message,
      detail: fields?.detail,
      column: fields?.column,
      hint: fields?.hint,
    },
  )
}

function fail(error: unknown): never {
  throw mappedError(error)
}

class MigrationAdapter implements SqlDriverAdapter {
  readonly provider = 'postgres'
  readonly adapterName = 'sallyport-migrations'
  readonly #client: pg.Client
  readonly #afterwards: () => Promise<void>
  #disposed = false

  constructor(client: pg.Client, afterwards: () => Promise<void>) {
    this.#client = client
    this.#afterwards = afterwards
  }

  async queryRaw({ sql, args }: SqlQuery): Promise<SqlResultSet> {
    const query = { text: sql, values: args, rowMode: 'array' as const, types: { getTypeParser: parserOf } }
    const result = await this.#client.query(query).catch(fail)
    return {
      columnNames: result.fields.map((field) => field.name),
      columnTypes: result.fields.map((field) => COLUMN_TYPES[field.dataTypeID] ?? Type.Text),
      rows: result.rows,
    }
  }

  async executeRaw({ sql, args }: SqlQuery): Promise<number> {
    const result = await this.#client.query({ text: sql, values: args }).catch(fail)
    return result.rowCount ?? 0
  }

  async executeScript(script: string): Promise<void> {
    await this.#client.query(script).catch(fail)
  }

  startTransaction(): Promise<never> {
    return Promise.reject(new Error('the schema engine writes its own BEGIN and COMMIT'))
  }

  getConnectionInfo(): { schemaName: string; supportsRelationJoins: boolean } {
    return { schemaName: 'public', supportsRelationJoins: true }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#client.end()
    await this.#afterwards()
  }
}

async function open(connectionString: string, afterwards: () => Promise<void>): Promise<MigrationAdapter> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 })
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on('error', () => undefined)
  await client.connect().catch(fail)
  return new MigrationAdapter(client, afterwards)
}

async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Makes the driver adapter for one use of the schema engine; `close` ends its connections and drops shadow databases. */
export function migrationAdapter(url: string, shadowDatabaseUrl?: string): { factory: object; close(): Promise<void> } {
  const opened: MigrationAdapter[] = []
  const keep = (adapter: MigrationAdapter): MigrationAdapter => {
    opened.push(adapter)
    return adapter
  }
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: 'sallyport-migrations',
    connect: async () => keep(await open(url, () => Promise.resolve())),
    async connectToShadowDb() {
      if (shadowDatabaseUrl !== undefined) return keep(await open(shadowDatabaseUrl, () => Promise.resolve()))
      const name = pg.escapeIdentifier(`sallyport_shadow_${crypto.randomUUID()}`)
      const shadow = new URL(url)
      shadow.pathname = `/${encodeURIComponent(name.slice(1, -1))}`
      await execute(url, `CREATE DATABASE ${name}`).catch(fail)
      return keep(await open(shadow.toString(), () => execute(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)))
    },
  })
  return {
    factory,
    async close() {
      for (const adapter of opened.toReversed()) await adapter.dispose()
    },
  }
}
