import { addressCount, formatAddress, nthAddress, parseAddress, parseCidr } from '@sallyport/ip-network'

import type { PoolRecord } from './lease-store.ts'

/** The addresses of a lease as text. */
export interface LeasedAddresses {
  readonly ipv4: string
  readonly ipv6: string | null
}

/** A definition that no pool can be made of; `message` says why, for the person who wrote it. */
export interface InvalidPool {
  readonly type: 'refused'
  readonly reason: 'invalid-pool'
  readonly field: 'ipv4' | 'ipv6'
  readonly message: string
}

const MIN_IPV4_PREFIX_LENGTH = 8
const MAX_IPV4_PREFIX_LENGTH = 30

/**
 * Plans a pool: never leases the network address, the first host (the node's own) and the broadcast address. The IPv6
 * block needs at least as many host bits as the IPv4 block, because both addresses of a lease share theirs.
 */
export function planPool(ipv4: string, ipv6: string | null): { type: 'planned'; pool: PoolRecord } | InvalidPool {
  const block4 = parseCidr(ipv4)
  if (block4?.family !== 4) return invalid('ipv4', `"${ipv4}" is not an IPv4 block such as 10.8.0.0/24`)
  if (block4.prefixLength < MIN_IPV4_PREFIX_LENGTH || block4.prefixLength > MAX_IPV4_PREFIX_LENGTH) {
    return invalid(
      'ipv4',
      `${ipv4} is not between /${String(MIN_IPV4_PREFIX_LENGTH)} and /${String(MAX_IPV4_PREFIX_LENGTH)}`,
    )
  }
  if (ipv6 !== null) {
    const block6 = parseCidr(ipv6)
    if (block6?.family !== 6) return invalid('ipv6', `"${ipv6}" is not an IPv6 block such as fd00:8::/112`)
    if (addressCount(block6) < addressCount(block4)) return invalid('ipv6', `${ipv6} is smaller than ${ipv4}`)
  }
  const first = nthAddress(block4, 2n)
  const last = nthAddress(block4, addressCount(block4) - 2n)
  return { type: 'planned', pool: { ipv4, ipv6, first: Number(first.value), last: Number(last.value) } }
}

/**
 * Gives both addresses of a lease. The IPv6 address is the block's with the low bits of the IPv4 address, up to 32: no
 * bookkeeping of its own, and a lease keeps it when the IPv4 block grows. `10.8.0.5` in `fd00:8::/112` is `fd00:8::5`.
 */
export function addressesOf(pool: Pick<PoolRecord, 'ipv6'>, address: number): LeasedAddresses {
  const ipv4 = formatAddress({ family: 4, value: BigInt(address) })
  const block6 = pool.ipv6 === null ? undefined : parseCidr(pool.ipv6)
  if (block6 === undefined) return { ipv4, ipv6: null }
  const size = addressCount(block6)
  return { ipv4, ipv6: formatAddress(nthAddress(block6, size > 2n ** 32n ? BigInt(address) : BigInt(address) % size)) }
}

/** Reads the addresses that a node says it has leased; `undefined` when they cannot be a lease of this pool. */
export function addressOfClaim(pool: Pick<PoolRecord, 'ipv6'>, claim: LeasedAddresses): number | undefined {
  const ipv4 = parseAddress(claim.ipv4)
  if (ipv4?.family !== 4) return undefined
  const address = Number(ipv4.value)
  const expected = addressesOf(pool, address).ipv6
  return parsedValue(claim.ipv6) === parsedValue(expected) ? address : undefined
}

function parsedValue(ipv6: string | null): bigint | null | undefined {
  return ipv6 === null ? null : parseAddress(ipv6)?.value
}

function invalid(field: InvalidPool['field'], message: string): InvalidPool {
  return { type: 'refused', reason: 'invalid-pool', field, message }
}
