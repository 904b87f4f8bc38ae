import { describeError, SallyportError, type Secret } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { Redis, ReplyError } from 'ioredis'

const CONNECT_TIMEOUT_MS = 2000
const COMMAND_TIMEOUT_MS = 2000
const MAX_RETRY_DELAY_MS = 2000
/** First part of every key and channel; the number is the version of what is kept there. */
export const STORE_PREFIX = 'sallyport:auth:1'

/** Redis did not answer; asking again later makes sense. */
export class SharedStoreAwayError extends SallyportError {
  constructor(cause: unknown) {
    super('shared-store-away', `Redis does not answer: ${describeError(cause)}`, { cause })
  }
}

/** What all instances share in Redis: sessions, attempt counts, orders. Commands fail at once while Redis is away. */
export class SharedStore implements AsyncDisposable {
  readonly #commands: Redis
  readonly #subscriber: Redis
  #away = false

  constructor(url: Secret<string>, log: Logger) {
    const options = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RETRY_DELAY_MS),
    }
    this.#commands = new Redis(url.reveal(), {
      ...options,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    })
    this.#subscriber = new Redis(url.reveal(), { ...options, maxRetriesPerRequest: null })
    this.#commands.on('error', (error: unknown) => {
      if (!this.#away) log.warn({ reason: describeError(error) }, 'redis is away')
      this.#away = true
    })
    this.#commands.on('ready', () => {
      if (this.#away) log.info({}, 'redis is back')
      this.#away = false
    })
    this.#subscriber.on('error', () => undefined)
  }

  /** Runs commands; throws `SharedStoreAwayError` when Redis cannot be asked. */
  async run<Result>(commands: (redis: Redis) => Promise<Result>): Promise<Result> {
    try {
      return await commands(this.#commands)
    } catch (error) {
      if (error instanceof ReplyError && !/^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN)/.test(describeError(error)))
        throw error
      throw new SharedStoreAwayError(error)
    }
  }

  /** Hears a channel for as long as this object lives, again after every outage. */
  subscribe(channel: string, hear: (message: string) => void): void {
    this.#subscriber.on('message', (from, message) => {
      if (from === channel) hear(message)
    })
    // Queued until Redis is there; ioredis subscribes again by itself after a reconnection.
    this.#subscriber.subscribe(channel).catch(() => undefined)
  }

  /** Waits for the first connection, at most as long as a connection may take. */
  async settle(): Promise<void> {
    if (this.#commands.status === 'ready') return
    await Promise.race([
      new Promise((resolve) => this.#commands.once('ready', resolve)),
      new Promise((resolve) => this.#commands.once('error', resolve)),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#commands.disconnect()
    this.#subscriber.disconnect()
    await Promise.resolve()
  }
}
