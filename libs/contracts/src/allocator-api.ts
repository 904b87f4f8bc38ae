import { z } from 'zod'

import { uuid } from './scalars.ts'

/** Version of the allocator's API, part of every path: `/allocator/v1/…`. All calls need a cluster certificate. */
export const ALLOCATOR_API_VERSION = 1

/** `PUT /allocator/v1/pools/:networkId` (role auth-service): defines or changes a pool; leases inside it survive. */
export const poolDefinition = z.strictObject({
  tenantId: uuid,
  /** `10.8.0.0/24`; network, broadcast and the first host (the node's own address) are never leased. */
  ipv4: z.string(),
  /** `fd00:8::/112` or null; the first host is the node's own address. */
  ipv6: z.string().nullable(),
})
export type PoolDefinition = z.infer<typeof poolDefinition>

/** `POST /allocator/v1/pools/:networkId/leases` (role vpn-node): the same device gets the same address again. */
export const leaseRequest = z.strictObject({ tenantId: uuid, deviceId: uuid, connectionId: uuid })
export type LeaseRequest = z.infer<typeof leaseRequest>

export const lease = z.strictObject({
  networkId: uuid,
  deviceId: uuid,
  connectionId: uuid,
  ipv4: z.string(),
  ipv6: z.string().nullable(),
  /** Seconds until the lease lapses unless it is renewed. */
  ttlSeconds: z.int().positive(),
})
export type Lease = z.infer<typeof lease>

/**
 * `POST /allocator/v1/leases/renew` (role vpn-node): extends a node's leases in one call. A lease that lapsed while
 * the allocator was away is restored when nobody has taken its addresses since.
 */
export const renewRequest = z.strictObject({
  leases: z
    .array(
      z.strictObject({
        networkId: uuid,
        tenantId: uuid,
        deviceId: uuid,
        connectionId: uuid,
        ipv4: z.string(),
        ipv6: z.string().nullable(),
      }),
    )
    .max(1024),
})
export type RenewRequest = z.infer<typeof renewRequest>
export const renewResponse = z.strictObject({
  results: z.array(
    z.strictObject({ connectionId: uuid, result: z.enum(['renewed', 'foreign-lease', 'unknown-network']) }),
  ),
})
export type RenewResponse = z.infer<typeof renewResponse>

/** `POST /allocator/v1/leases/release` (role vpn-node): ends a node's leases in one call. Idempotent. */
export const releaseRequest = z.strictObject({
  leases: z.array(z.strictObject({ networkId: uuid, tenantId: uuid, deviceId: uuid, connectionId: uuid })).max(1024),
})
export type ReleaseRequest = z.infer<typeof releaseRequest>
export const releaseResponse = z.strictObject({
  results: z.array(
    z.strictObject({ connectionId: uuid, result: z.enum(['released', 'foreign-lease', 'unknown-network']) }),
  ),
})
export type ReleaseResponse = z.infer<typeof releaseResponse>

/** Codes of refused calls, with HTTP status 409 (pool-full, foreign-lease, pool-conflict), 404 (unknown-network), 503 (store-unavailable). */
export const ALLOCATOR_ERROR_CODES = [
  'pool-full',
  'unknown-network',
  'foreign-lease',
  'pool-conflict',
  'store-unavailable',
] as const
export type AllocatorErrorCode = (typeof ALLOCATOR_ERROR_CODES)[number]

/** `GET /allocator/v1/pools/:networkId`. */
export const poolStatus = z.strictObject({
  networkId: uuid,
  tenantId: uuid,
  ipv4: z.string(),
  ipv6: z.string().nullable(),
  capacity: z.string().regex(/^\d+$/),
  leased: z.int().nonnegative(),
})
export type PoolStatus = z.infer<typeof poolStatus>

/** Pools of one call at most. */
export const MAX_POOLS = 1024

/** Names a pool. */
export const poolKey = z.strictObject({ tenantId: uuid, networkId: uuid })
export type PoolKey = z.infer<typeof poolKey>

/** `POST /allocator/v1/pools/use` (role auth-service): how full many pools are, in one call. */
export const poolUseRequest = z.strictObject({ pools: z.array(poolKey).max(MAX_POOLS) })
export type PoolUseRequest = z.infer<typeof poolUseRequest>
export const poolUseResponse = z.strictObject({
  /** Those that exist, in the order of the request. */
  pools: z.array(
    z.strictObject({
      networkId: uuid,
      /** Addresses that can be leased at once. */
      capacity: z.int().nonnegative(),
      leased: z.int().nonnegative(),
    }),
  ),
})
export type PoolUseResponse = z.infer<typeof poolUseResponse>
