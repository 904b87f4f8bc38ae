import type {
  DefineResult,
  Holder,
  LeaseStore,
  NetworkKey,
  Refused,
  ReleaseResult,
  RenewResult,
} from './lease-store.ts'
import { addressesOf, addressOfClaim, type InvalidPool, type LeasedAddresses, planPool } from './pool-plan.ts'

/** A pool and how much of it is in use. */
export interface PoolSummary extends NetworkKey, LeasedAddresses {
  /** Addresses that can be leased at once. */
  readonly capacity: number
  readonly leased: number
}

export type GrantResult =
  | ({ readonly type: 'leased'; readonly ttlSeconds: number } & LeasedAddresses)
  | Refused<'pool-full' | 'unknown-network'>

/** A lease as its node remembers it. */
export interface LeaseClaim extends NetworkKey, Holder, LeasedAddresses {}

/** Leases a tenant network's addresses to devices: the meaning of pools and leases, above any store. */
export class AddressPools {
  readonly #store: LeaseStore
  readonly #ttlSeconds: number

  constructor(store: LeaseStore, options: { ttlSeconds: number }) {
    this.#store = store
    this.#ttlSeconds = options.ttlSeconds
  }

  /** Defines or changes a pool; leases inside it survive, the others cannot be renewed. */
  async define(network: NetworkKey, blocks: LeasedAddresses): Promise<DefineResult | InvalidPool> {
    const plan = planPool(blocks.ipv4, blocks.ipv6)
    return plan.type === 'planned' ? this.#store.definePool(network, plan.pool) : plan
  }

  /** Gives a pool by its network alone; `undefined` when nobody has defined it. */
  async status(networkId: string): Promise<PoolSummary | undefined> {
    const tenantId = await this.#store.findTenant(networkId)
    return tenantId === undefined ? undefined : this.#read({ tenantId, networkId })
  }

  /** Gives many pools at once, in order; those that nobody has defined are left out. */
  async statuses(networks: readonly NetworkKey[]): Promise<PoolSummary[]> {
    const pools = await Promise.all(networks.map((network) => this.#read(network)))
    return pools.filter((pool) => pool !== undefined)
  }

  /** Leases addresses to a device's connection, taking them over from an earlier connection of the same device. */
  async lease(network: NetworkKey, holder: Holder): Promise<GrantResult> {
    const result = await this.#store.lease(network, holder, this.#ttlSeconds * 1000)
    if (result.type === 'refused') return result
    return { type: 'leased', ...addressesOf(result.pool, result.address), ttlSeconds: this.#ttlSeconds }
  }

  /**
   * Renews leases, answering in the order of the claims. Both addresses must be the lease's. A pool is read once before its
   * leases are renewed, so a change of its IPv6 block in between is seen by the next renewal only.
   */
  async renew(claims: readonly LeaseClaim[]): Promise<readonly RenewResult[]> {
    const pools = new Map<string, ReturnType<LeaseStore['readPool']>>()
    const readPool = (network: NetworkKey): ReturnType<LeaseStore['readPool']> => {
      const key = `${network.tenantId}:${network.networkId}`
      const pool = pools.get(key) ?? this.#store.readPool(network)
      pools.set(key, pool)
      return pool
    }
    return Promise.all(claims.map(async (claim) => this.#renewOne(claim, await readPool(claim))))
  }

  /** Ends leases, each with a result of its own, in order; the devices get the same addresses next time. */
  release(leases: readonly (NetworkKey & Holder)[]): Promise<readonly ReleaseResult[]> {
    return Promise.all(leases.map((lease) => this.#store.release(lease, lease)))
  }

  /**
   * Tidies lapsed leases of one page of networks away, at most `limitPerNetwork` each. Start with cursor `'0'` and go on
   * with the one returned.
   */
  async reclaim(cursor: string, limitPerNetwork: number): Promise<{ lapsed: number; cursor: string }> {
    const page = await this.#store.listNetworks(cursor)
    const counts = await Promise.all(page.networks.map((network) => this.#store.reclaim(network, limitPerNetwork)))
    return { lapsed: counts.reduce((sum, count) => sum + count, 0), cursor: page.cursor }
  }

  async #read({ tenantId, networkId }: NetworkKey): Promise<PoolSummary | undefined> {
    const pool = await this.#store.readPool({ tenantId, networkId })
    if (pool === undefined) return undefined
    const { ipv4, ipv6, leased } = pool
    return { tenantId, networkId, ipv4, ipv6, capacity: pool.last - pool.first + 1, leased }
  }

  async #renewOne(claim: LeaseClaim, pool: { readonly ipv6: string | null } | undefined): Promise<RenewResult> {
    if (pool === undefined) return { type: 'refused', reason: 'unknown-network' }
    const address = addressOfClaim(pool, claim)
    if (address === undefined) return { type: 'refused', reason: 'foreign-lease' }
    return this.#store.renew(claim, claim, address, this.#ttlSeconds * 1000)
  }
}
