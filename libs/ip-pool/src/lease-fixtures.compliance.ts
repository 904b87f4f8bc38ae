import { randomUUID } from 'node:crypto'

import type { Clock } from '@sallyport/foundation'
import { ManualClock } from '@sallyport/testkit'

import type { Holder, LeaseStore, NetworkKey, PoolRecord } from './lease-store.ts'

export const TTL_MS = 120_000
export const HOUR_MS = 3_600_000

/** Gives an empty store that goes by the clock. */
export type OpenStore = (clock: Clock) => Promise<LeaseStore>

/** Makes a pool of the given first and last address; texts are carried along. */
export function pool(first: number, last: number, ipv6: string | null = null): PoolRecord {
  return { ipv4: `pool ${String(first)} to ${String(last)}`, ipv6, first, last }
}

/** A connection of a device, by default on the same node. */
export function holder(device: string, connection = `${device}-1`, node = 'node-1'): Holder {
  return { deviceId: device, connectionId: connection, serviceId: node }
}

/** A network of a new tenant. */
export function newNetwork(): NetworkKey {
  return { tenantId: randomUUID(), networkId: randomUUID() }
}

/** A store with one network, and short words for what is done to it. */
export class LeaseBench {
  readonly clock: ManualClock
  readonly store: LeaseStore
  readonly network = newNetwork()

  private constructor(clock: ManualClock, store: LeaseStore) {
    this.clock = clock
    this.store = store
  }

  static async set(open: OpenStore): Promise<LeaseBench> {
    const clock = new ManualClock()
    return new LeaseBench(clock, await open(clock))
  }

  /** Gives the address or the reason. Is at a time of its own, so that «longest out of use» is decided. */
  async lease(who: Holder): Promise<number | string> {
    this.clock.advance(1)
    const result = await this.store.lease(this.network, who, TTL_MS)
    return result.type === 'leased' ? result.address : result.reason
  }

  renew(who: Holder, address: number) {
    return this.store.renew(this.network, who, address, TTL_MS)
  }

  /** Is at a time of its own too. */
  async release(who: Holder) {
    this.clock.advance(1)
    return this.store.release(this.network, who)
  }

  async leasedCount() {
    return (await this.store.readPool(this.network))?.leased
  }
}
