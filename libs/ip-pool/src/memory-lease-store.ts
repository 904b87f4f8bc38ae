import type { Clock } from '@sallyport/foundation'

import type {
  DefineResult,
  Holder,
  LeaseResult,
  LeaseStore,
  NetworkKey,
  NetworkPage,
  PoolRecord,
  ReleaseResult,
  RenewResult,
} from './lease-store.ts'

interface UsedAddress {
  holder: Holder
  /** Until when the address is leased; in the past: since when it is out of use. */
  untilMs: number
  /** Whether nobody has ended or tidied away the lease. */
  isOpen: boolean
}

interface Pool {
  record: PoolRecord
  readonly used: Map<number, UsedAddress>
  readonly addressOfDevice: Map<string, number>
}

/** Keeps pools and leases in this process: for tests, and as the plain statement of what `RedisLeaseStore` does. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #clock: Clock
  readonly #tenants = new Map<string, string>()
  readonly #pools = new Map<string, Pool>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  definePool(network: NetworkKey, record: PoolRecord): Promise<DefineResult> {
    const owner = this.#tenants.get(network.networkId) ?? network.tenantId
    if (owner !== network.tenantId) return Promise.resolve({ type: 'refused', reason: 'pool-conflict' })
    this.#tenants.set(network.networkId, owner)
    const pool: Pool = this.#pools.get(network.networkId) ?? { record, used: new Map(), addressOfDevice: new Map() }
    pool.record = record
    for (const address of pool.used.keys()) if (!isInside(record, address)) forget(pool, address)
    this.#pools.set(network.networkId, pool)
    return Promise.resolve({ type: 'defined' })
  }

  findTenant(networkId: string): Promise<string | undefined> {
    return Promise.resolve(this.#tenants.get(networkId))
  }

  readPool(network: NetworkKey): Promise<(PoolRecord & { readonly leased: number }) | undefined> {
    const pool = this.#find(network)
    if (pool === undefined) return Promise.resolve(undefined)
    const leased = [...pool.used.keys()].filter((address) => this.#isLeased(pool, address)).length
    return Promise.resolve({ ...pool.record, leased })
  }

  lease(network: NetworkKey, holder: Holder, ttlMs: number): Promise<LeaseResult> {
    const pool = this.#find(network)
    if (pool === undefined) return Promise.resolve({ type: 'refused', reason: 'unknown-network' })
    const address = pool.addressOfDevice.get(holder.deviceId) ?? neverUsed(pool) ?? this.#longestUnused(pool)
    if (address === undefined) return Promise.resolve({ type: 'refused', reason: 'pool-full' })
    if (pool.used.get(address)?.holder.deviceId !== holder.deviceId) forget(pool, address)
    this.#grant(pool, holder, address, ttlMs)
    return Promise.resolve({ type: 'leased', address, pool: { ipv4: pool.record.ipv4, ipv6: pool.record.ipv6 } })
  }

  renew(network: NetworkKey, holder: Holder, address: number, ttlMs: number): Promise<RenewResult> {
    const pool = this.#find(network)
    if (pool === undefined) return Promise.resolve({ type: 'refused', reason: 'unknown-network' })
    const known = pool.used.get(address)?.holder
    const other = pool.addressOfDevice.get(holder.deviceId)
    const isForeign =
      !isInside(pool.record, address) ||
      (known !== undefined && !isSame(known, holder)) ||
      (other !== undefined && other !== address && this.#isLeased(pool, other))
    if (isForeign) return Promise.resolve({ type: 'refused', reason: 'foreign-lease' })
    this.#grant(pool, holder, address, ttlMs)
    return Promise.resolve({ type: 'renewed' })
  }

  release(network: NetworkKey, holder: Holder): Promise<ReleaseResult> {
    const pool = this.#find(network)
    if (pool === undefined) return Promise.resolve({ type: 'refused', reason: 'unknown-network' })
    const used = pool.used.get(pool.addressOfDevice.get(holder.deviceId) ?? -1)
    if (used === undefined) return Promise.resolve({ type: 'released' })
    if (!isSame(used.holder, holder)) return Promise.resolve({ type: 'refused', reason: 'foreign-lease' })
    used.untilMs = Math.min(used.untilMs, this.#clock.now())
    used.isOpen = false
    return Promise.resolve({ type: 'released' })
  }

  reclaim(network: NetworkKey, limit: number): Promise<number> {
    const used = [...(this.#find(network)?.used.values() ?? [])]
    const lapsed = used.filter((one) => one.isOpen && one.untilMs <= this.#clock.now())
    const moved = lapsed.sort((a, b) => a.untilMs - b.untilMs).slice(0, limit)
    for (const one of moved) one.isOpen = false
    return Promise.resolve(moved.length)
  }

  listNetworks(): Promise<NetworkPage> {
    const networks = [...this.#tenants].map(([networkId, tenantId]) => ({ networkId, tenantId }))
    return Promise.resolve({ networks, cursor: '0' })
  }

  #find(network: NetworkKey): Pool | undefined {
    return this.#tenants.get(network.networkId) === network.tenantId ? this.#pools.get(network.networkId) : undefined
  }

  #isLeased(pool: Pool, address: number): boolean {
    return (pool.used.get(address)?.untilMs ?? 0) > this.#clock.now()
  }

  #longestUnused(pool: Pool): number | undefined {
    const unused = [...pool.used].filter(([address]) => !this.#isLeased(pool, address))
    return unused.sort(([, a], [, b]) => a.untilMs - b.untilMs)[0]?.[0]
  }

  #grant(pool: Pool, holder: Holder, address: number, ttlMs: number): void {
    pool.used.set(address, { holder, untilMs: this.#clock.now() + ttlMs, isOpen: true })
    pool.addressOfDevice.set(holder.deviceId, address)
  }
}

function isInside(record: PoolRecord, address: number): boolean {
  return address >= record.first && address <= record.last
}

function isSame(a: Holder, b: Holder): boolean {
  return a.deviceId === b.deviceId && a.connectionId === b.connectionId && a.serviceId === b.serviceId
}

function neverUsed(pool: Pool): number | undefined {
  for (let address = pool.record.first; address <= pool.record.last; address++) {
    if (!pool.used.has(address)) return address
  }
  return undefined
}

/** A device that was moved to another address since keeps that one. */
function forget(pool: Pool, address: number): void {
  const deviceId = pool.used.get(address)?.holder.deviceId
  pool.used.delete(address)
  if (deviceId !== undefined && pool.addressOfDevice.get(deviceId) === address) pool.addressOfDevice.delete(deviceId)
}
