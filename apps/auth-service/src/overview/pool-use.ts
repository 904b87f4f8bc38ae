import type { PoolFill } from '../networks/allocator-link.ts'
import type { PoolUse } from './overview.schemas.ts'

type Fill = Pick<PoolUse, 'family' | 'size' | 'leased'>

/** Puts how full pools are beside the names of their networks; what the allocator does not know is left out. */
export function usedPools<Network extends { readonly networkId: string }>(
  networks: readonly Network[],
  use: ReadonlyMap<string, PoolFill>,
): (Network & Fill)[] {
  return networks.flatMap((network) => {
    const fill = use.get(network.networkId)
    return fill === undefined ? [] : [{ ...network, family: 4, ...fill }]
  })
}

/** Gives the fullest pools by the share of their addresses that is leased. */
export function fullest<Pool extends Fill>(pools: readonly Pool[], limit: number): Pool[] {
  return pools.toSorted((one, other) => other.leased / other.size - one.leased / one.size).slice(0, limit)
}
