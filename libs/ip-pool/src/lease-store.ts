/** Names a pool: one network of one tenant. */
export interface NetworkKey {
  readonly tenantId: string
  readonly networkId: string
}

/** A pool as it is stored: its blocks as text, and the first and last IPv4 address to lease as unsigned numbers. */
export interface PoolRecord {
  readonly ipv4: string
  readonly ipv6: string | null
  readonly first: number
  readonly last: number
}

/** Who holds a lease: a device's connection on a node. None of the ids may contain a space. */
export interface Holder {
  readonly deviceId: string
  readonly connectionId: string
  /** The node that leased the address; only it may renew or release. */
  readonly serviceId: string
}

/** Nothing was changed, for a reason that the caller may count and show. */
export interface Refused<Reason extends string> {
  readonly type: 'refused'
  readonly reason: Reason
}

export type DefineResult = { readonly type: 'defined' } | Refused<'pool-conflict'>
export type LeaseResult =
  | { readonly type: 'leased'; readonly address: number; readonly pool: Pick<PoolRecord, 'ipv4' | 'ipv6'> }
  | Refused<'pool-full' | 'unknown-network'>
export type RenewResult = { readonly type: 'renewed' } | Refused<'foreign-lease' | 'unknown-network'>
export type ReleaseResult = { readonly type: 'released' } | Refused<'foreign-lease' | 'unknown-network'>

/** A page of all known networks; `cursor` opens the next one and is `'0'` behind the last. */
export interface NetworkPage {
  readonly networks: readonly NetworkKey[]
  readonly cursor: string
}

/**
 * Keeps pools and leases. Every method is atomic, and safe to call from any number of processes; `lease-store.compliance.ts`
 * is the specification. Time is the store's own, so callers' clocks do not matter. All methods reject with
 * LeaseStoreError when the store is away or holds what this release cannot read.
 */
export interface LeaseStore {
  /** Defines or changes a pool: leases inside the new range stay. A network belongs to the tenant that defined it first. */
  definePool(network: NetworkKey, pool: PoolRecord): Promise<DefineResult>
  /** Gives the tenant that a network belongs to. */
  findTenant(networkId: string): Promise<string | undefined>
  /** Gives a pool and the number of leases that have not lapsed. */
  readPool(network: NetworkKey): Promise<(PoolRecord & { readonly leased: number }) | undefined>
  /** Leases the device's remembered address, else a never used one, else the one out of use for longest. */
  lease(network: NetworkKey, holder: Holder, ttlMs: number): Promise<LeaseResult>
  /** Extends a lease, or restores a lapsed or lost one when nobody has held the address since. */
  renew(network: NetworkKey, holder: Holder, address: number, ttlMs: number): Promise<RenewResult>
  /** Ends the holder's lease; the device stays remembered. Idempotent. */
  release(network: NetworkKey, holder: Holder): Promise<ReleaseResult>
  /** Tidies away at most `limit` lapsed leases of a network and counts them. */
  reclaim(network: NetworkKey, limit: number): Promise<number>
  /** Lists networks by pages, starting with cursor `'0'`; one that is defined meanwhile may be missed, or come twice. */
  listNetworks(cursor: string): Promise<NetworkPage>
}
