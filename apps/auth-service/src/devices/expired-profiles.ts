import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { Database } from '@sallyport/database'
import { type Clock, describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import { CLOCK, LOGGER } from '../runtime/tokens.ts'

const SWEEP_MS = 15 * 60 * 1000

/** Wipes the profiles of import links that expired before anybody fetched them: a private key is in each. */
@Injectable()
export class ExpiredProfiles implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(@Inject(Database) database: Database, @Inject(CLOCK) clock: Clock, @Inject(LOGGER) log: Logger) {
    this.#database = database
    this.#clock = clock
    this.#log = log
  }

  onApplicationBootstrap(): void {
    const sweep = (): void => {
      this.wipe().catch((error: unknown) => {
        this.#log.warn({ reason: describeError(error) }, 'expired profiles cannot be wiped now; trying again')
      })
    }
    sweep()
    this.#timer = setInterval(sweep, SWEEP_MS)
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer)
  }

  /** Wipes those of all tenants; the links stay, so that they go on to say that they have expired. */
  async wipe(): Promise<void> {
    for (const { id: tenantId } of await this.#database.platform.tenant.findMany({ select: { id: true } })) {
      await this.#database.withTenant(tenantId, (session) =>
        session.oneTimeLink.updateMany({
          where: {
            tenantId,
            purpose: 'profile',
            sealedPayload: { not: null },
            expiresAt: { lte: new Date(this.#clock.now()) },
          },
          data: { sealedPayload: null },
        }),
      )
    }
  }
}
