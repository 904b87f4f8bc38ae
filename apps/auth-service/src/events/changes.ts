import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { z } from 'zod'

import { SharedStore, STORE_PREFIX } from '../runtime/shared-store.ts'
import { LOGGER } from '../runtime/tokens.ts'
import { isTopic, type Topic } from './topics.ts'

const CHANNEL = `${STORE_PREFIX}:changes`
/** What is announced within this time goes out as one message. */
const GATHERED_MS = 200

const announcement = z.tuple([uuid, uuid.nullable(), z.array(z.string())])
const message = z.array(announcement)

/** Something that is not in the audit log changed; `userId` is whose own things are meant, null everybody's. */
export interface Change {
  readonly tenantId: string
  readonly userId: string | null
  readonly topics: readonly Topic[]
}

/** What announcements need of Redis. */
export type ChangeChannel = Pick<SharedStore, 'run' | 'subscribe'>

/**
 * Tells all instances that something changed which the audit log does not tell about: reports of nodes, ended sessions.
 * An announcement may get lost while Redis is away; who listens sees the change when they look the next time.
 */
@Injectable()
export class Changes implements OnModuleDestroy {
  readonly #store: ChangeChannel
  readonly #log: Logger
  readonly #gathered = new Map<string, Set<Topic>>()
  readonly #listeners = new Set<(change: Change) => void>()
  #timer: NodeJS.Timeout | undefined

  constructor(@Inject(SharedStore) store: ChangeChannel, @Inject(LOGGER) log: Logger) {
    this.#store = store
    this.#log = log
    store.subscribe(CHANNEL, (text) => {
      this.#hear(text)
    })
  }

  /** Announces a change after its commit; never fails, and costs nothing but memory until the message goes out. */
  announce(tenantId: string, topics: readonly Topic[], userId: string | null = null): void {
    const key = JSON.stringify([tenantId, userId])
    const gathered = this.#gathered.get(key) ?? new Set()
    for (const topic of topics) gathered.add(topic)
    this.#gathered.set(key, gathered)
    this.#timer ??= setTimeout(() => {
      this.#send()
    }, GATHERED_MS)
  }

  /** Hears the changes that any instance announces, for as long as this object lives. */
  listen(hear: (change: Change) => void): void {
    this.#listeners.add(hear)
  }

  onModuleDestroy(): void {
    if (this.#timer !== undefined) this.#send()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const changes = [...this.#gathered].map(([key, topics]): unknown => [...owners.parse(JSON.parse(key)), [...topics]])
    this.#gathered.clear()
    this.#store
      .run((redis) => redis.publish(CHANNEL, JSON.stringify(changes)))
      .catch((error: unknown) => {
        this.#log.warn({ reason: describeError(error) }, 'changes were not announced')
      })
  }

  #hear(text: string): void {
    if (this.#listeners.size === 0) return
    const parsed = message.safeParse(parseJson(text))
    if (!parsed.success) {
      this.#log.warn({}, 'an announcement of another version was not understood')
      return
    }
    for (const [tenantId, userId, names] of parsed.data) {
      const change = { tenantId, userId, topics: names.filter(isTopic) }
      for (const hear of this.#listeners) hear(change)
    }
  }
}

const owners = z.tuple([uuid, uuid.nullable()])

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
