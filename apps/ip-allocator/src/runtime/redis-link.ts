import { describeError, type Secret } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { Redis } from 'ioredis'

const CONNECT_TIMEOUT_MS = 2000
const COMMAND_TIMEOUT_MS = 1000
const MAX_RETRY_DELAY_MS = 1000

/**
 * The connection to Redis. It comes back by itself; while it is away commands fail at once instead of waiting, because
 * their caller is a VPN client's sign-in that had better fail early than late.
 */
export class RedisLink implements Disposable {
  readonly client: Redis

  constructor(url: Secret<string>, log: Logger) {
    let isAway = false
    this.client = new Redis(url.reveal(), {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(50 * attempt, MAX_RETRY_DELAY_MS),
    })
    this.client.on('error', (error) => {
      if (!isAway) log.warn({ reason: describeError(error) }, 'redis is away: trying again')
      isAway = true
    })
    this.client.on('ready', () => {
      if (isAway) log.info({}, 'redis is back')
      isAway = false
    })
  }

  /** Whether commands can be sent. */
  get isReady(): boolean {
    return this.client.status === 'ready'
  }

  [Symbol.dispose](): void {
    this.client.disconnect()
  }
}
