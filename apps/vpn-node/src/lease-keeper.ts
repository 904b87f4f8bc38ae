import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import type { Lease, LeaseRequest, RenewRequest, RenewResponse } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { LeaseClient } from './lease-client.ts'
import { LeaseReleases } from './lease-releases.ts'

/** Leases renewed in one call; the allocator's own limit. */
const LEASES_PER_CALL = 1024
/** A lease gets three chances to be renewed before it lapses. */
const RENEWALS_PER_LIFE = 3
const FIRST_RENEWAL_MS = 10_000
const FLUSH_MS = 3_000

type HeldLease = RenewRequest['leases'][number]

/**
 * Holds the leases of this node's connections and renews them until they are dropped. While the allocator is away it
 * keeps asking: the addresses stay in use, and are confirmed or lost when the allocator answers again.
 */
export class LeaseKeeper implements AsyncDisposable {
  readonly #client: Pick<LeaseClient, 'lease' | 'renew' | 'release'>
  readonly #log: Logger
  readonly #lost: (connectionId: string) => void
  readonly #held = new Map<string, HeldLease>()
  readonly #abort = new AbortController()
  readonly #releases: LeaseReleases
  #renewAfterMs = FIRST_RENEWAL_MS
  #timer: NodeJS.Timeout
  /** Networks of which the allocator was away or knew nothing: it may have lost what it knew of addresses in use. */
  readonly #doubtful = new Set<string>()
  readonly #confirming = new Map<string, Promise<void>>()

  /** `lost` is told of a connection whose addresses now belong to somebody else. */
  constructor(
    client: Pick<LeaseClient, 'lease' | 'renew' | 'release'>,
    lost: (connectionId: string) => void,
    log: Logger,
  ) {
    this.#client = client
    this.#lost = lost
    this.#log = log
    this.#releases = new LeaseReleases(client, log, this.#abort.signal)
    this.#timer = this.#schedule()
  }

  /**
   * Leases addresses for a connection and keeps them. Throws as `LeaseClient.lease`. When the allocator may have lost its
   * data, the addresses in use are confirmed first, or they would be given out a second time.
   */
  async acquire(networkId: string, tenantId: string, deviceId: string, connectionId: string): Promise<Lease> {
    if (this.#doubtful.has(networkId)) await this.#confirm(networkId)
    const lease = await this.#lease(networkId, { tenantId, deviceId, connectionId })
    this.#held.set(connectionId, { networkId, tenantId, deviceId, connectionId, ipv4: lease.ipv4, ipv6: lease.ipv6 })
    this.#renewAfterMs = (lease.ttlSeconds * 1000) / RENEWALS_PER_LIFE
    return lease
  }

  async #lease(networkId: string, request: LeaseRequest): Promise<Lease> {
    try {
      return await this.#client.lease(networkId, request, this.#abort.signal)
    } catch (error) {
      if (error instanceof ServiceRefusedError && error.code === 'pool-full' && this.#releases.pending) {
        await this.#releases.flush()
        return this.#lease(networkId, request)
      }
      if (!(error instanceof ServiceRefusedError) || error.code === 'unknown-network') this.#doubtful.add(networkId)
      throw error
    }
  }

  /** Has the addresses in use in a network confirmed; concurrent callers share one attempt. */
  #confirm(networkId: string): Promise<void> {
    const running = this.#confirming.get(networkId) ?? this.#confirmHeld(networkId)
    this.#confirming.set(networkId, running)
    return running.finally(() => this.#confirming.delete(networkId))
  }

  async #confirmHeld(networkId: string): Promise<void> {
    const inUse = [...this.#held.values()].filter((lease) => lease.networkId === networkId)
    if (inUse.length === 0) this.#doubtful.delete(networkId)
    else await this.#renew(inUse)
    if (this.#doubtful.has(networkId)) {
      throw new ServiceUnavailableError('the addresses in use are not confirmed yet')
    }
  }

  /** Gives a connection's addresses back, before long; failure is harmless, for the lease then lapses. */
  release(connectionId: string): void {
    const held = this.#held.get(connectionId)
    if (held === undefined) return
    this.#held.delete(connectionId)
    const { networkId, tenantId, deviceId } = held
    this.#releases.add({ networkId, tenantId, deviceId, connectionId })
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      void this.#renew([...this.#held.values()]).finally(() => {
        if (!this.#abort.signal.aborted) this.#timer = this.#schedule()
      })
    }, this.#renewAfterMs)
  }

  async #renew(leases: readonly HeldLease[]): Promise<void> {
    const wasDoubtful = this.#doubtful.size > 0
    for (let start = 0; start < leases.length; start += LEASES_PER_CALL) {
      const batch = leases.slice(start, start + LEASES_PER_CALL)
      try {
        const { results } = await this.#client.renew(batch, this.#abort.signal)
        for (const { networkId } of batch) this.#doubtful.delete(networkId)
        for (const { connectionId, result } of results) this.#take(connectionId, result)
      } catch (error) {
        if (!wasDoubtful) this.#log.warn({ err: describeError(error) }, 'leases not renewed: trying again')
        for (const { networkId } of leases) this.#doubtful.add(networkId)
        return
      }
    }
    if (wasDoubtful && this.#doubtful.size === 0) this.#log.info({}, 'every lease is confirmed again')
  }

  #take(connectionId: string, result: RenewResponse['results'][number]['result']): void {
    const held = this.#held.get(connectionId)
    if (held === undefined) return
    if (result === 'unknown-network') this.#doubtful.add(held.networkId)
    if (result === 'foreign-lease' && this.#held.delete(connectionId)) this.#lost(connectionId)
  }

  /** Gives back, not for long, what is still to be given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    const giveUp = setTimeout(() => {
      this.#abort.abort()
    }, FLUSH_MS)
    await this.#releases.flush()
    clearTimeout(giveUp)
    this.#abort.abort()
  }
}
