import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { isUniqueViolation, type Network } from '@sallyport/database'
import { cidrsOverlap, parseCidr } from '@sallyport/ip-network'

import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { creationOf } from '../http/by-creation.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { HOST_NAMESPACE } from '../tenants/namespaces.ts'
import { NetworksRepository } from './networks.repository.ts'
import type {
  ChangeNetworkRequest,
  CreateNetworkRequest,
  ListNetworksQuery,
  NetworkName,
  NetworkView,
} from './networks.schemas.ts'
import { nodeNetworkOf } from './node-network.ts'
import { PoolSync } from './pool-sync.ts'

/** What administrators do with their tenant's networks. */
@Injectable()
export class NetworksService {
  readonly #networks: NetworksRepository
  readonly #pools: PoolSync
  readonly #orders: OrderHub

  constructor(
    @Inject(NetworksRepository) networks: NetworksRepository,
    @Inject(PoolSync) pools: PoolSync,
    @Inject(OrderHub) orders: OrderHub,
  ) {
    this.#networks = networks
    this.#pools = pools
    this.#orders = orders
  }

  async list({ tenantId }: Pick<Actor, 'tenantId'>, query: ListNetworksQuery): Promise<Page<NetworkView>> {
    const rows = await this.#networks.page(tenantId, query, ['name', 'ipv4', 'ipv6'])
    return mapPage(pageOf(rows, query.limit, creationOf), viewOf)
  }

  /** The same for who may see no more of a network than its name. */
  async listNames({ tenantId }: Pick<Actor, 'tenantId'>, query: ListNetworksQuery): Promise<Page<NetworkName>> {
    const rows = await this.#networks.page(tenantId, query, ['name'])
    return mapPage(pageOf(rows, query.limit, creationOf), ({ id: networkId, name }) => ({ networkId, name }))
  }

  async create(actor: Owner, request: CreateNetworkRequest): Promise<NetworkView> {
    const { tenantId } = actor
    const network = {
      ...request,
      tenantId,
      id: randomUUID(),
      ipv6: request.ipv6 ?? null,
      namespace: request.namespace === HOST_NAMESPACE ? null : request.namespace,
    }
    const refuse = (existing: readonly Network[], namespaces: readonly string[]): void => {
      refuseForeignNamespace(namespaces, request.namespace)
      refuseOverlap(existing, network)
    }
    try {
      const created = await this.#networks.create(network, refuse, entryOf(actor, 'network.create', network.id))
      await this.#pools.push(created)
      return viewOf(created)
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ApiProblem(409, 'name-taken', `There is a network "${request.name}" already.`)
      throw error
    }
  }

  async change(actor: Actor, networkId: string, request: ChangeNetworkRequest): Promise<NetworkView> {
    const { tenantId } = actor
    const entry = entryOf(actor, 'network.change', networkId)
    const changed = await this.#networks.change(tenantId, networkId, request, entry)
    if (changed === undefined) throw notFound('network')
    this.#orders.publish({ type: 'policy-changed', tenantId, network: nodeNetworkOf(changed) })
    return viewOf(changed)
  }
}

/** For whose tenant, and who does it. */
type Owner = Pick<Actor, 'tenantId' | 'auditName'>

/** Only the operator knows which tenant may reach what is behind a namespace. */
function refuseForeignNamespace(allowed: readonly string[], namespace: string): void {
  if (allowed.includes(namespace)) return
  const message = `Your organisation may not use the network namespace "${namespace}". Please ask the operator for it.`
  throw new ApiProblem(403, 'namespace-not-allowed', message)
}

/** Two networks in one namespace share its routing table, so their blocks must differ. */
function refuseOverlap(existing: readonly Network[], network: Pick<Network, 'namespace' | 'ipv4' | 'ipv6'>): void {
  const blocks = blocksOf(network)
  for (const other of existing) {
    if (other.namespace !== network.namespace) continue
    if (blocksOf(other).some((taken) => blocks.some((block) => cidrsOverlap(taken, block)))) {
      throw new ApiProblem(409, 'network-overlap', `The addresses overlap with the network "${other.name}".`)
    }
  }
}

function blocksOf({ ipv4, ipv6 }: Pick<Network, 'ipv4' | 'ipv6'>) {
  return [ipv4, ipv6].flatMap((text) => (text === null ? [] : (parseCidr(text) ?? [])))
}

function entryOf(actor: Owner, action: string, networkId: string): { actor: string; action: string; target: string } {
  return { actor: actor.auditName, action, target: `network:${networkId}` }
}

function viewOf(network: Network): NetworkView {
  const { id: networkId, name, ipv4, ipv6, namespace, routes, ...options } = network
  const { dnsServers, dnsDomains, dnsResolveDomains, blockOutsideDns, blockIpv6, inactiveSeconds } = options
  const { uploadKilobitsPerSecond, downloadKilobitsPerSecond } = options
  const { uploadPacketsPerSecond, downloadPacketsPerSecond } = options
  return {
    networkId,
    name,
    ipv4,
    ipv6,
    namespace: namespace ?? HOST_NAMESPACE,
    routes,
    dnsServers,
    dnsDomains,
    dnsResolveDomains,
    blockOutsideDns,
    blockIpv6,
    inactiveSeconds,
    uploadKilobitsPerSecond,
    downloadKilobitsPerSecond,
    uploadPacketsPerSecond,
    downloadPacketsPerSecond,
  }
}
