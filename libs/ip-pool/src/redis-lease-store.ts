import { type Clock, describeError } from '@sallyport/foundation'
import type { Cluster, Redis } from 'ioredis'

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
import { LeaseStoreError } from './lease-store-error.ts'
import { defineScripts, readReply, type ScriptReply } from './scripts.ts'

/** Hash of network → tenant; the only key that is not a single network's. */
const NETWORKS_KEY = 'sallyport:networks'

/**
 * Keeps pools and leases in Redis ≥ 7, one script per mutation. All keys of a network share a hash tag, so that they lie in
 * one slot of a cluster. Does not own the connection.
 */
export class RedisLeaseStore implements LeaseStore {
  readonly #redis: Redis | Cluster
  readonly #clock: Clock | undefined

  /** Time is the Redis server's unless a clock is given, which is for tests. */
  constructor(redis: Redis | Cluster, options: { clock?: Clock } = {}) {
    defineScripts(redis)
    this.#redis = redis
    this.#clock = options.clock
  }

  async definePool(network: NetworkKey, pool: PoolRecord): Promise<DefineResult> {
    await this.#guard(this.#redis.hsetnx(NETWORKS_KEY, network.networkId, network.tenantId))
    const owner = await this.findTenant(network.networkId)
    if (owner !== network.tenantId) return { type: 'refused', reason: 'pool-conflict' }
    const keys = keysOf(network)
    const reply = await this.#script(
      this.#redis.sallyportDefinePool(...keys.all, pool.ipv4, pool.ipv6 ?? '', pool.first, pool.last),
    )
    if (reply.code === 'ok') return { type: 'defined' }
    throw unexpected(reply)
  }

  async findTenant(networkId: string): Promise<string | undefined> {
    return (await this.#guard(this.#redis.hget(NETWORKS_KEY, networkId))) ?? undefined
  }

  async readPool(network: NetworkKey): Promise<(PoolRecord & { readonly leased: number }) | undefined> {
    const keys = keysOf(network)
    const reply = await this.#script(this.#redis.sallyportReadPool(keys.pool, keys.leases, this.#now()))
    if (reply.code === 'unknown-network') return undefined
    const [ipv4, ipv6, first, last, leased] = reply.values
    if (reply.code !== 'ok' || ipv4 === undefined) throw unexpected(reply)
    return { ipv4, ipv6: emptyToNull(ipv6), first: Number(first), last: Number(last), leased: Number(leased) }
  }

  async lease(network: NetworkKey, holder: Holder, ttlMs: number): Promise<LeaseResult> {
    const reply = await this.#script(
      this.#redis.sallyportLease(...keysOf(network).all, ...namesOf(holder), ttlMs, this.#now()),
    )
    if (reply.code === 'pool-full' || reply.code === 'unknown-network') return { type: 'refused', reason: reply.code }
    const [address, ipv4, ipv6] = reply.values
    if (reply.code !== 'ok' || ipv4 === undefined) throw unexpected(reply)
    return { type: 'leased', address: Number(address), pool: { ipv4, ipv6: emptyToNull(ipv6) } }
  }

  async renew(network: NetworkKey, holder: Holder, address: number, ttlMs: number): Promise<RenewResult> {
    const reply = await this.#script(
      this.#redis.sallyportRenew(...keysOf(network).all, ...namesOf(holder), ttlMs, this.#now(), address),
    )
    if (reply.code === 'ok') return { type: 'renewed' }
    if (reply.code === 'pool-full') throw unexpected(reply)
    return { type: 'refused', reason: reply.code }
  }

  async release(network: NetworkKey, holder: Holder): Promise<ReleaseResult> {
    const keys = keysOf(network)
    const reply = await this.#script(
      this.#redis.sallyportRelease(
        ...[keys.pool, keys.devices, keys.holders, keys.leases, keys.idle],
        ...namesOf(holder),
        this.#now(),
      ),
    )
    if (reply.code === 'ok') return { type: 'released' }
    if (reply.code === 'pool-full') throw unexpected(reply)
    return { type: 'refused', reason: reply.code }
  }

  async reclaim(network: NetworkKey, limit: number): Promise<number> {
    const keys = keysOf(network)
    const reply = await this.#script(
      this.#redis.sallyportReclaim(keys.pool, keys.leases, keys.idle, limit, this.#now()),
    )
    if (reply.code === 'unknown-network') return 0
    if (reply.code !== 'ok') throw unexpected(reply)
    return Number(reply.values[0])
  }

  async listNetworks(cursor: string): Promise<NetworkPage> {
    const [next, flat] = await this.#guard(this.#redis.hscan(NETWORKS_KEY, cursor, 'COUNT', 100))
    const networks: NetworkKey[] = []
    for (let index = 0; index + 1 < flat.length; index += 2) {
      networks.push({ networkId: String(flat[index]), tenantId: String(flat[index + 1]) })
    }
    return { networks, cursor: next }
  }

  #now(): number | '' {
    return this.#clock?.now() ?? ''
  }

  async #script(reply: Promise<unknown>): Promise<ScriptReply> {
    return readReply(await this.#guard(reply))
  }

  async #guard<T>(command: Promise<T>): Promise<T> {
    try {
      return await command
    } catch (error) {
      throw new LeaseStoreError('store-unavailable', `Redis does not answer: ${describeError(error)}`, { cause: error })
    }
  }
}

interface NetworkKeys {
  readonly pool: string
  readonly devices: string
  readonly holders: string
  readonly leases: string
  readonly idle: string
  /** In the order that `define-pool-6`, `lease-6` and `renew-6` declare. */
  readonly all: readonly string[]
}

function keysOf(network: NetworkKey): NetworkKeys {
  const key = (name: string): string => `sallyport:{${network.tenantId}:${network.networkId}}:${name}`
  const [pool, fresh, devices] = [key('pool'), key('fresh'), key('devices')]
  const [holders, leases, idle] = [key('holders'), key('leases'), key('idle')]
  return { pool, devices, holders, leases, idle, all: [pool, fresh, devices, holders, leases, idle] }
}

function namesOf(holder: Holder): [string, string, string] {
  return [holder.deviceId, holder.connectionId, holder.serviceId]
}

function emptyToNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text
}

function unexpected(reply: ScriptReply): LeaseStoreError {
  return new LeaseStoreError('store-unreadable', `a lease script answered out of turn: ${reply.code}`)
}
