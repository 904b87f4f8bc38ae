import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { LocalRedis } from '@sallyport/local-services'

/** A Redis of a test's own. `stop` and `kill` make an outage; `start` ends it on the same address, with no data. */
export interface ThrowawayRedis extends AsyncDisposable {
  /** Address as ioredis reads it. */
  readonly url: string
  stop(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts `redis-server` without persistence. Disposal deletes it. */
export async function throwawayRedis(): Promise<ThrowawayRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-redis-'))
  const server = await LocalRedis.start({ directory, durable: false })
  return {
    url: server.url,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: () => server.start(),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
