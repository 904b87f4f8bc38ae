import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { type NodeOrder, nodeOrder, uuid } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { z } from 'zod'

import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'
import { LOGGER } from '../runtime/tokens.ts'

const CHANNEL = `${STORE_PREFIX}:orders`

/** What a stream is told: an order for its node, or to end, because its service is not of the cluster any more. */
const streamOrder = z.discriminatedUnion('type', [...nodeOrder.options, z.strictObject({ type: z.literal('dismiss') })])
type StreamOrder = z.infer<typeof streamOrder>

const envelope = z.strictObject({ origin: uuid, serviceId: uuid.nullable(), order: streamOrder })

/** What orders need of Redis. */
export type OrderChannel = Pick<SharedStore, 'run' | 'subscribe'>

/** Hears orders; must not throw. */
export type OrderListener = (order: StreamOrder) => void

/**
 * Brings orders to the nodes' streams: those of this process at once, those of other instances through Redis. A node
 * that misses an order learns its effect when it synchronises.
 */
@Injectable()
export class OrderHub {
  readonly #instanceId = randomUUID()
  readonly #listeners = new Map<OrderListener, string>()
  readonly #dismissals = new Set<(serviceId: string) => void>()
  readonly #store: OrderChannel
  readonly #log: Logger

  constructor(@Inject(SharedStore) store: OrderChannel, @Inject(LOGGER) log: Logger) {
    this.#store = store
    this.#log = log
    store.subscribe(CHANNEL, (message) => {
      this.#hear(message)
    })
  }

  /** Sends an order to one service, or to all. Never fails: what the order is about was stored before. */
  publish(order: NodeOrder, serviceId: string | null = null): void {
    this.#send(order, serviceId)
  }

  /** Ends the streams of a service; the caller has seen to it that it gets no new one. */
  dismiss(serviceId: string): void {
    this.#send({ type: 'dismiss' }, serviceId)
  }

  /** Adds a node's stream; the result takes it away again. */
  listen(serviceId: string, listener: OrderListener): () => void {
    this.#listeners.set(listener, serviceId)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Hears which services are not of the cluster any more, or have a new identity; for as long as this object lives. */
  onDismissal(hear: (serviceId: string) => void): void {
    this.#dismissals.add(hear)
  }

  /** How many streams are open here. */
  get size(): number {
    return this.#listeners.size
  }

  #send(order: StreamOrder, serviceId: string | null): void {
    this.#deliver(order, serviceId)
    const message = JSON.stringify({ origin: this.#instanceId, serviceId, order })
    this.#store
      .run((redis) => redis.publish(CHANNEL, message))
      .catch((error: unknown) => {
        this.#log.warn(
          { type: order.type, reason: describeError(error) },
          'order reached the nodes of this instance only',
        )
      })
  }

  #deliver(order: StreamOrder, serviceId: string | null): void {
    if (order.type === 'dismiss' && serviceId !== null) for (const hear of this.#dismissals) hear(serviceId)
    for (const [listener, owner] of this.#listeners) if (serviceId === null || owner === serviceId) listener(order)
  }

  #hear(message: string): void {
    const parsed = envelope.safeParse(parseJson(message))
    if (!parsed.success) {
      this.#log.warn({}, 'an order of another version was not understood')
      return
    }
    if (parsed.data.origin !== this.#instanceId) this.#deliver(parsed.data.order, parsed.data.serviceId)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
