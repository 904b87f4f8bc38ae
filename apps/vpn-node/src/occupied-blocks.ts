import type { NodeNetwork } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'
import { type Cidr, cidrContains, cidrsOverlap, formatCidr, parseCidr } from '@sallyport/ip-network'
import { inNamespace, runHostCommand } from '@sallyport/packet-engine'
import { z } from 'zod'

import { tunnelAddresses } from './tunnel-addresses.ts'

/** What `ip -json route show` tells of a route. */
const routeList = z.array(z.object({ dst: z.string(), dev: z.string().optional(), gateway: z.string().optional() }))

/** Code of the error with which a pool is refused. */
export const BLOCK_IN_USE = 'block-in-use'

interface Route {
  readonly block: Cidr
  /** Reached without a gateway: the addresses are neighbours of this machine. */
  readonly connected: boolean
}

/**
 * Refuses a pool that would take addresses away which its namespace reaches by other means: a block of a neighbouring
 * network, or one to which a route leads. A wider route through a gateway may contain the pool.
 */
export async function refuseOccupiedBlocks(network: NodeNetwork): Promise<void> {
  const { ipv4, ipv6 } = tunnelAddresses(network)
  const routes = [
    ...(await routesOf(network.namespace ?? undefined, '-4')),
    ...(ipv6 ? await routesOf(network.namespace ?? undefined, '-6') : []),
  ]
  for (const pool of [ipv4.cidr, ...(ipv6 ? [ipv6.cidr] : [])]) {
    const taken = routes.find(({ block, connected }) => occupies(pool, block, connected))
    if (taken === undefined) continue
    throw new SallyportError(
      BLOCK_IN_USE,
      `its addresses ${formatCidr(pool)} overlap ${formatCidr(taken.block)}, which this machine reaches by another way: ` +
        'choose another block, or give the network a namespace of its own',
    )
  }
}

function occupies(pool: Cidr, block: Cidr, connected: boolean): boolean {
  return cidrContains(pool, block) || (connected && cidrsOverlap(pool, block))
}

async function routesOf(namespace: string | undefined, family: '-4' | '-6'): Promise<Route[]> {
  const text = await runHostCommand(inNamespace(namespace, ['ip', '-json', family, 'route', 'show', 'table', 'main']))
  const hostBits = family === '-4' ? '/32' : '/128'
  return routeList.parse(JSON.parse(text === '' ? '[]' : text)).flatMap(({ dst, gateway }) => {
    const block = parseCidr(dst.includes('/') ? dst : `${dst}${hostBits}`)
    return block === undefined ? [] : [{ block, connected: gateway === undefined }]
  })
}
