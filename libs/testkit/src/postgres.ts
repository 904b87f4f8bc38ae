import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { EmbeddedPostgres } from '@sallyport/local-services'

/** A PostgreSQL of a test's own. `stop` and `kill` make an outage, `start` ends it on the same data and address. */
export interface ThrowawayPostgres extends AsyncDisposable {
  /** Address of a first, empty database; its user is the superuser `sallyport_owner`. */
  readonly url: string
  /** Makes one more empty database and gives its address. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts a server without fsync; about 2 s. Start one per test file and make a database per test. Disposal deletes it. */
export async function throwawayPostgres(): Promise<ThrowawayPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-postgres-'))
  const server = await EmbeddedPostgres.start({ directory, durable: false })
  const createDatabase = (): Promise<string> => server.createDatabase(`test_${randomUUID().replaceAll('-', '')}`)
  return {
    url: await createDatabase(),
    createDatabase,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: () => server.start(),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
