import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { EmbeddedPostgres } from './embedded-postgres.ts'

const START_MS = 60_000
let directory: string
const start = (): Promise<EmbeddedPostgres> => EmbeddedPostgres.start({ directory, durable: false })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function rows(server: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  // A server that is ended under a client says so by an event too.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

it('refuses a half-written data directory, says what to do and leaves it as it is', async () => {
  await mkdir(join(directory, 'data'))
  await writeFile(join(directory, 'data', 'PG_VERSION'), '18\n')
  await expect(start()).rejects.toThrow(/global\/pg_control is missing\. Move it away/)
  expect(await readdir(join(directory, 'data'))).toEqual(['PG_VERSION'])
})

it('refuses the data of another PostgreSQL version', async () => {
  await mkdir(join(directory, 'data/global'), { recursive: true })
  await writeFile(join(directory, 'data/global/pg_control'), '')
  await writeFile(join(directory, 'data/PG_VERSION'), '15\n')
  await writeFile(join(directory, 'password'), 'x\n')
  await expect(start()).rejects.toThrow(/made by PostgreSQL 15, this is 18/)
})

it(
  'begins again when making the data directory was interrupted',
  async () => {
    await mkdir(join(directory, 'data.partial'))
    await writeFile(join(directory, 'data.partial', 'PG_VERSION'), '18\n')
    await using server = await start()
    expect(await rows(server, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(directory, 'data.partial'))).toBe(false)
  },
  START_MS,
)

it(
  'ends the server that a killed run left behind, and keeps its data',
  async () => {
    await using leftover = await start()
    await rows(leftover, 'create table kept as select 7 as x')
    await using server = await start()
    expect(await rows(server, 'select x from kept')).toEqual([{ x: 7 }])
    await expect(leftover.stop()).resolves.toBeUndefined()
  },
  START_MS,
)

it(
  'does not touch the process that has the number of a server long gone',
  async () => {
    const first = await start()
    await first.stop()
    await writeFile(join(directory, 'data', 'postmaster.pid'), `${String(process.pid)}\n${join(directory, 'data')}\n`)
    await using server = await start()
    expect(await rows(server, 'select 1 as one')).toEqual([{ one: 1 }])
    const pid = Number((await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n', 1)[0])
    expect(pid).not.toBe(process.pid)
  },
  START_MS,
)
