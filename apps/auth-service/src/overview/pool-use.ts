import { type Page, pageOf } from '../http/page.ts'
import type { PoolFill } from '../networks/allocator-link.ts'
import type { ListPoolsQuery, PoolUse } from './overview.schemas.ts'

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

/** What a pool is called: nothing else in the installation has both. */
interface Named {
  readonly tenantSlug: string
  readonly name: string
}

type Position = readonly [tenantSlug: string, name: string]

/** Gives a part of the networks whose name or tenant holds the text, in the order of tenants, then of names. */
export function networksPage<Network extends Named>(
  networks: readonly Network[],
  { search = '', after, limit }: ListPoolsQuery,
): Page<Network> {
  const text = search.toLowerCase()
  const rows = networks
    .filter((network) => positionOf(network).some((part) => part.toLowerCase().includes(text)))
    .filter((network) => after === undefined || byPosition(positionOf(network), after) > 0)
    .toSorted((one, other) => byPosition(positionOf(one), positionOf(other)))
  return pageOf(rows, limit, positionOf)
}

function positionOf({ tenantSlug, name }: Named): Position {
  return [tenantSlug, name]
}

/** By code units and not by a language: a cursor means the same to every server. */
function byPosition([slug, name]: Position, [otherSlug, otherName]: Position): number {
  return byText(slug, otherSlug) || byText(name, otherName)
}

function byText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}
