import pg from 'pg'

/** Asks the database as its owner, whom row-level security does not bind. */
export async function queryRows(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
