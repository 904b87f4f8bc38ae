import type { NodeNetwork } from '@sallyport/contracts'
import { describeError, errorCode, SallyportError } from '@sallyport/foundation'
import { cidrsOverlap } from '@sallyport/ip-network'
import type { PacketEngine } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { EngineNetwork } from './node-metrics.ts'
import { BLOCK_IN_USE, refuseOccupiedBlocks } from './occupied-blocks.ts'
import { tunnelAddresses } from './tunnel-addresses.ts'
import { applyFirewall, configureInterface, removeFirewall } from './tunnel-interface.ts'

/** A tenant network cannot be had on this node; the message says what the operator must do. */
export class NetworkUnavailableError extends SallyportError {
  override readonly code: 'network-overlaps' | 'network-unavailable'

  constructor(message: string, cause?: unknown, code: NetworkUnavailableError['code'] = 'network-unavailable') {
    super(code, message, { cause })
    this.code = code
  }
}

const GONE: ReadonlySet<string> = new Set(['unknown-network', 'engine-stopped'])

interface TunnelNetwork {
  readonly index: number
  readonly interfaceName: string
  network: NodeNetwork
  /** Whether the engine has it. */
  open: boolean
  ready: Promise<void>
}

/** The TUN devices of this node, one for each tenant network that a client has asked for. */
export class TunnelNetworks implements AsyncDisposable {
  /** Start of the names of this node's devices, and so of their firewall tables. */
  readonly interfacePrefix: string
  readonly #engine: Pick<PacketEngine, 'addNetwork' | 'removeNetwork'>
  readonly #log: Logger
  readonly #changed: (network: NodeNetwork) => void
  readonly #networks = new Map<string, TunnelNetwork>()

  /** `changed` is told of a network as it is from now on, once packets are judged by it. */
  constructor(
    engine: Pick<PacketEngine, 'addNetwork' | 'removeNetwork'>,
    interfacePrefix: string,
    changed: (network: NodeNetwork) => void,
    log: Logger,
  ) {
    this.#engine = engine
    this.#changed = changed
    this.interfacePrefix = interfacePrefix
    this.#log = log
  }

  /** The networks that the engine has now. */
  get open(): readonly EngineNetwork[] {
    return [...this.#networks.values()].filter(({ open }) => open)
  }

  /** Gives the engine's index of a network, after making its device on first use. Throws `NetworkUnavailableError`. */
  async ensure(network: NodeNetwork): Promise<number> {
    let entry = this.#networks.get(network.networkId)
    if (entry === undefined) {
      this.#refuseOverlap(network)
      const index = this.#freeIndex()
      entry = {
        index,
        interfaceName: `${this.interfacePrefix}${String(index)}`,
        network,
        open: false,
        ready: Promise.resolve(),
      }
      this.#networks.set(network.networkId, entry)
      entry.ready = this.#create(entry)
    }
    await entry.ready
    await this.update(network)
    return entry.index
  }

  /**
   * Applies newer terms to a network that has a device; address blocks never change under live clients. Changes of one
   * network are applied one after the other, and one that failed is tried again with the next news of the network.
   */
  async update(network: NodeNetwork): Promise<void> {
    const entry = this.#networks.get(network.networkId)
    if (entry === undefined || network.version <= entry.network.version) return
    const before = entry.network
    const { namespace, ipv4, ipv6 } = before
    const current = { ...network, namespace, ipv4, ipv6 }
    entry.network = current
    entry.ready = entry.ready
      .then(() => applyFirewall(current, entry.interfaceName))
      .then(() => {
        this.#changed(current)
      })
      .catch((error: unknown) => {
        entry.network = before
        this.#log.error({ network: network.name, err: describeError(error) }, 'routes not applied')
      })
    await entry.ready
  }

  /** Gives the id of the network that has this index in the engine. */
  idOf(index: number): string | undefined {
    return [...this.#networks.values()].find((entry) => entry.index === index)?.network.networkId
  }

  /** Makes the device of a network anew after somebody has deleted it; its peers must be gone. Never throws. */
  async renew(networkId: string): Promise<void> {
    const entry = this.#networks.get(networkId)
    if (entry?.open !== true) return
    entry.open = false
    entry.ready = entry.ready.then(() => this.#remove(entry)).then(() => this.#create(entry))
    const { network, interfaceName } = entry
    await entry.ready.catch((error: unknown) => {
      this.#log.error({ network: network.name, interfaceName, err: describeError(error) }, 'network not made anew')
    })
  }

  #freeIndex(): number {
    const used = new Set([...this.#networks.values()].map(({ index }) => index))
    let index = 0
    while (used.has(index)) index += 1
    return index
  }

  async #create(entry: TunnelNetwork): Promise<void> {
    const { index, interfaceName, network } = entry
    const namespace = network.namespace ?? undefined
    try {
      await refuseOccupiedBlocks(network)
      this.#engine.addNetwork({ network: index, namespace, interfaceName })
      entry.open = true
      await configureInterface(network, interfaceName)
      this.#log.info({ network: network.name, interfaceName, namespace }, 'network is up')
    } catch (error) {
      await this.#remove(entry)
      this.#networks.delete(network.networkId)
      const code = errorCode(error) === BLOCK_IN_USE ? 'network-overlaps' : 'network-unavailable'
      throw new NetworkUnavailableError(`network ${network.name}: ${describeError(error)}`, error, code)
    }
  }

  // Two devices with one address block in one namespace would take each other's replies.
  #refuseOverlap(network: NodeNetwork): void {
    for (const { network: other } of this.#networks.values()) {
      if (other.namespace !== network.namespace || !blocksOverlap(network, other)) continue
      throw new NetworkUnavailableError(
        `the addresses of network ${network.name} (${network.ipv4}) overlap those of another network (${other.ipv4}) in ` +
          'the same namespace: give one of them a network namespace of its own',
        undefined,
        'network-overlaps',
      )
    }
  }

  async #remove(entry: TunnelNetwork): Promise<void> {
    const { index, interfaceName, network } = entry
    entry.open = false
    try {
      this.#engine.removeNetwork(index)
    } catch (error) {
      // Devices go with an engine that has stopped; the rules have to go all the same.
      if (!GONE.has(errorCode(error) ?? '')) throw error
    }
    await removeFirewall(network.namespace ?? undefined, interfaceName).catch((error: unknown) => {
      this.#log.debug({ interfaceName, err: describeError(error) }, 'no rules to remove')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#networks.values()]
    this.#networks.clear()
    for (const entry of entries) {
      await entry.ready.catch(() => undefined)
      await this.#remove(entry)
    }
  }
}

function blocksOverlap(one: NodeNetwork, other: NodeNetwork): boolean {
  const a = tunnelAddresses(one)
  const b = tunnelAddresses(other)
  if (cidrsOverlap(a.ipv4.cidr, b.ipv4.cidr)) return true
  return a.ipv6 !== undefined && b.ipv6 !== undefined && cidrsOverlap(a.ipv6.cidr, b.ipv6.cidr)
}
