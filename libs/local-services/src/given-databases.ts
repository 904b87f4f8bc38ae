import { describeError, SallyportError } from '@sallyport/foundation'
import { Redis } from 'ioredis'
import { Client } from 'pg'

const CONNECT_TIMEOUT_MS = 5_000

/** Makes sure that the PostgreSQL that somebody named answers, before anything is started that needs it. */
export async function requirePostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
  } catch (error) {
    throw unreachable('DATABASE_URL', 'PostgreSQL', error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Makes sure that the Redis that somebody named answers. */
export async function requireRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: () => null })
  let reason: unknown
  redis.on('error', (error) => (reason = error))
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw unreachable('REDIS_URL', 'Redis', reason ?? error)
  } finally {
    redis.disconnect()
  }
}

function unreachable(variable: string, server: string, cause: unknown): SallyportError {
  const message = `${variable}: no ${server} answers there (${describeError(cause)}). Start it, or correct ${variable}.`
  return new SallyportError('database-unreachable', message, { cause })
}
