import { randomBytes, randomUUID } from 'node:crypto'

import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import type { HandshakeKeys } from '@sallyport/contracts'
import { type CookieKey, Database } from '@sallyport/database'
import { type Clock, describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import { OrderHub } from '../node-api/order-hub.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { isRotationDue, PREPARED_MS, servedKeys } from './rotation.ts'

const PURPOSE = 'cookie key'
const KEY_BYTES = 32
const CHECK_MS = 10 * 60 * 1000

type OpenedKey = HandshakeKeys['cookieKeys'][number]

/** The cluster's keys for the stateless cookie: any instance makes the next one, and only one of them does. */
@Injectable()
export class CookieKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database
  readonly #orders: OrderHub
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(
    @Inject(Database) database: Database,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#database = database
    this.#orders = orders
    this.#secrets = secrets
    this.#clock = clock
    this.#log = log
  }

  onApplicationBootstrap(): void {
    const check = (): void => {
      this.served().catch((error: unknown) => {
        this.#log.warn({ reason: describeError(error) }, 'cookie keys cannot be rotated now; trying again')
      })
    }
    check()
    this.#timer = setInterval(check, CHECK_MS)
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer)
  }

  /** Gives the keys that nodes need now and next; makes the next one when it is time. */
  async served(): Promise<OpenedKey[]> {
    const rows = await this.#database.platform.cookieKey.findMany()
    const current = isRotationDue(rows, this.#clock.now()) ? await this.#rotate() : rows
    return servedKeys(current, this.#clock.now()).map((row) => this.#open(row))
  }

  async #rotate(): Promise<CookieKey[]> {
    const { keys, isNew } = await this.#database.withCookieKeys(async ({ cookieKey }) => {
      const known = await cookieKey.findMany()
      const nowMs = this.#clock.now()
      if (!isRotationDue(known, nowMs)) return { keys: known, isNew: false }
      // The first key of an installation has nothing to bridge the time with.
      const validFrom = new Date(known.length === 0 ? nowMs : nowMs + PREPARED_MS)
      const added = await cookieKey.create({ data: this.#newKey(validFrom, new Date(nowMs)) })
      const keys = servedKeys([...known, added], nowMs)
      await cookieKey.deleteMany({ where: { id: { notIn: keys.map(({ id }) => id) } } })
      return { keys, isNew: true }
    })
    if (isNew) {
      this.#log.info({ keys: keys.length }, 'cookie key made')
      this.#orders.publish({ type: 'handshake-keys-changed' })
    }
    return keys
  }

  #newKey(validFrom: Date, createdAt: Date): Omit<CookieKey, 'sealed'> & { sealed: Uint8Array<ArrayBuffer> } {
    const id = randomUUID()
    const key = randomBytes(KEY_BYTES)
    const sealed = this.#secrets.seal(PURPOSE, id, key)
    key.fill(0)
    return { id, sealed, validFrom, createdAt }
  }

  #open({ id, sealed, validFrom }: CookieKey): OpenedKey {
    const key = this.#secrets.open(PURPOSE, id, sealed)
    return { validFrom: validFrom.toISOString(), key: Buffer.from(key).toString('base64') }
  }
}
