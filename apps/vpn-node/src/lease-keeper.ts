import type { Lease, RenewRequest } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { LeaseClient } from './lease-client.ts'

/** Leases renewed in one call; the allocator's own limit. */
const LEASES_PER_CALL = 1024
/** A lease gets three chances to be renewed before it lapses. */
const RENEWALS_PER_LIFE = 3
const FIRST_RENEWAL_MS = 10_000

type HeldLease = RenewRequest['leases'][number]

/**
 * Holds the leases of this node's connections and renews them until they are dropped. While the allocator is away it
 * keeps asking: the addresses stay in use, and are confirmed or lost when the allocator answers again.
 */
export class LeaseKeeper implements Disposable {
  readonly #client: Pick<LeaseClient, 'lease' | 'renew' | 'release'>
  readonly #log: Logger
  readonly #lost: (connectionId: string) => void
  readonly #held = new Map<string, HeldLease>()
  readonly #abort = new AbortController()
  #renewAfterMs = FIRST_RENEWAL_MS
  #timer: NodeJS.Timeout
  #away = false

  /** `lost` is told of a connection whose addresses now belong to somebody else. */
  constructor(
    client: Pick<LeaseClient, 'lease' | 'renew' | 'release'>,
    lost: (connectionId: string) => void,
    log: Logger,
  ) {
    this.#client = client
    this.#lost = lost
    this.#log = log
    this.#timer = this.#schedule()
  }

  /** Leases addresses for a connection and keeps them. Throws as `LeaseClient.lease`. */
  async acquire(networkId: string, tenantId: string, deviceId: string, connectionId: string): Promise<Lease> {
    const lease = await this.#client.lease(networkId, { tenantId, deviceId, connectionId }, this.#abort.signal)
    this.#held.set(connectionId, { networkId, tenantId, deviceId, connectionId, ipv4: lease.ipv4, ipv6: lease.ipv6 })
    this.#renewAfterMs = (lease.ttlSeconds * 1000) / RENEWALS_PER_LIFE
    return lease
  }

  /** Gives a connection's addresses back; failure is harmless, for the lease then lapses. */
  async release(connectionId: string): Promise<void> {
    const held = this.#held.get(connectionId)
    if (held === undefined) return
    this.#held.delete(connectionId)
    const { networkId, tenantId, deviceId } = held
    try {
      await this.#client.release(networkId, { tenantId, deviceId, connectionId }, this.#abort.signal)
    } catch (error) {
      this.#log.debug({ connectionId, err: describeError(error) }, 'lease not released, it will lapse')
    }
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      void this.#renewAll().finally(() => {
        if (!this.#abort.signal.aborted) this.#timer = this.#schedule()
      })
    }, this.#renewAfterMs)
  }

  async #renewAll(): Promise<void> {
    const leases = [...this.#held.values()]
    for (let start = 0; start < leases.length; start += LEASES_PER_CALL) {
      try {
        const { results } = await this.#client.renew(leases.slice(start, start + LEASES_PER_CALL), this.#abort.signal)
        if (this.#away) this.#log.info({}, 'ip-allocator is back')
        this.#away = false
        for (const { connectionId, result } of results) {
          if (result === 'foreign-lease' && this.#held.delete(connectionId)) this.#lost(connectionId)
        }
      } catch (error) {
        if (!this.#away) this.#log.warn({ err: describeError(error) }, 'leases not renewed: trying again')
        this.#away = true
        return
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#abort.abort()
  }
}
