import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type ThrowawayPostgres, throwawayPostgres } from './postgres.ts'

let server: ThrowawayPostgres
beforeAll(async () => {
  server = await throwawayPostgres()
}, 60_000)
afterAll(() => server[Symbol.asyncDispose]())

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

it('refuses a connection without the password', async () => {
  const url = new URL(server.url)
  url.password = 'wrong'
  await expect(query(url.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

it('gives databases that do not see each other, owned by a superuser', async () => {
  const other = await server.createDatabase()
  await query(server.url, 'create table here (x int)')
  await expect(query(other, 'select * from here')).rejects.toThrow(/does not exist/)
  expect(
    await query(other, 'select usesuper, current_user::text as name from pg_user where usename = current_user'),
  ).toEqual([{ usesuper: true, name: 'sallyport_owner' }])
})

it('keeps data and address over a crash', async () => {
  await query(server.url, 'create table kept as select 7 as x')
  await query(server.url, 'checkpoint')
  await server.kill()
  await expect(query(server.url, 'select 1')).rejects.toThrow()
  await server.start()
  expect(await query(server.url, 'select x from kept')).toEqual([{ x: 7 }])
})
