import { setTimeout as delay } from 'node:timers/promises'

import type { HeardOrder, NodeNetwork, NodeOrder, SyncResponse } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'

const RECONNECT_MS = 1_000
/** Catches orders that were lost between auth-service and the stream. */
const SYNC_INTERVAL_MS = 15_000

/** What an order does to the node. */
export interface OrderHandlers {
  /** `hello` among them: orders may have been missed before it. */
  order(order: NodeOrder): void
  /** The connections that the node holds, for the comparison with auth-service. */
  connectionIds(): string[]
  end(missed: SyncResponse['end'][number]): void
  /** A network as it is now; older than what is known means nothing. */
  network(current: NodeNetwork): void
}

/** Keeps the stream of orders open for as long as the node lives, and compares notes after every gap. */
export class OrderFollower implements AsyncDisposable {
  readonly #control: Pick<ControlLink, 'orders' | 'sync'>
  readonly #handlers: OrderHandlers
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #following: Promise<void>
  #connected = false

  constructor(control: Pick<ControlLink, 'orders' | 'sync'>, handlers: OrderHandlers, log: Logger) {
    this.#control = control
    this.#handlers = handlers
    this.#log = log
    this.#timer = setInterval(() => void this.#sync(), SYNC_INTERVAL_MS)
    this.#following = this.#follow()
  }

  /** Whether auth-service is heard from. */
  get connected(): boolean {
    return this.#connected
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        for await (const order of this.#control.orders(signal)) this.#take(order)
      } catch (error) {
        if (this.#connected) this.#log.warn({ err: describeError(error) }, 'order stream lost: reconnecting')
      }
      this.#connected = false
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #take(order: HeardOrder): void {
    if (order.type === 'heartbeat') return
    if (order.type === 'unknown') {
      this.#log.warn({}, 'auth-service gave an order that this version does not know: upgrade this node')
      return
    }
    if (order.type === 'hello') {
      this.#connected = true
      this.#log.info({}, 'order stream is up')
      void this.#sync()
    }
    this.#handlers.order(order)
  }

  async #sync(): Promise<void> {
    if (!this.#connected) return
    try {
      const { end, networks } = await this.#control.sync(this.#handlers.connectionIds(), this.#abort.signal)
      for (const missed of end) this.#handlers.end(missed)
      for (const current of networks) this.#handlers.network(current)
    } catch (error) {
      this.#log.debug({ err: describeError(error) }, 'sync failed: trying again')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#abort.abort()
    await this.#following
  }
}
