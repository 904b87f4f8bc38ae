import { Namespace } from '@sallyport/testkit'

import type { EngineOptions, Listener } from '../engine.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair } from './tunnel.ts'

const NETWORK = 1

/**
 * Two engines with a network each, one as a server with the gateway of `addNetwork`, one as its clients. The TUN device
 * of either is in a namespace of its own, `inside` and `outside`; sealed packets go by the loopback device.
 */
export class EnginePair implements AsyncDisposable {
  readonly server: EngineUnderTest
  readonly client: EngineUnderTest
  readonly inside: Namespace
  readonly outside: Namespace
  readonly #stack: AsyncDisposableStack

  private constructor(
    server: EngineUnderTest,
    client: EngineUnderTest,
    inside: Namespace,
    outside: Namespace,
    stack: AsyncDisposableStack,
  ) {
    this.server = server
    this.client = client
    this.inside = inside
    this.outside = outside
    this.#stack = stack
  }

  /** `label` begins the names of the namespaces; `options` are the server's. */
  static async create(label: string, options: EngineOptions = {}): Promise<EnginePair> {
    await using stack = new AsyncDisposableStack()
    const outside = stack.use(await Namespace.create(`${label}-out`))
    const server = new EngineUnderTest('127.0.0.1', options)
    const inside = stack.use(await addNetwork(server.engine, NETWORK, `${label}-in`))
    stack.use(server)
    const client = stack.use(new EngineUnderTest())
    client.engine.addNetwork({
      network: NETWORK,
      namespace: outside.name,
      interfaceName: 'tun0',
      routeBy: 'source',
    })
    await outside.exec('ip', 'link', 'set', 'tun0', 'up')
    return new EnginePair(server, client, inside, outside, stack.move())
  }

  /** Makes a tunnel of a client with inner addresses of its own and a fresh key, which sends from `listener`. */
  async connect(peerId: number, ipv4: string, ipv6?: string, listener: Listener = this.client.local): Promise<void> {
    await this.outside.exec('ip', 'address', 'add', `${ipv4}/24`, 'dev', 'tun0')
    if (ipv6 !== undefined) await this.outside.exec('ip', 'address', 'add', `${ipv6}/64`, 'dev', 'tun0', 'nodad')
    const peer = { peerId, network: NETWORK, ipv4, ipv6 }
    const { address, port } = listener
    this.server.engine.addPeer({ ...peer, path: this.server.pathTo(listener) })
    this.client.engine.addPeer({
      ...peer,
      path: { ...this.client.pathTo(this.server.local), listener: listener.listener, local: { address, port } },
    })
    const key = engineKey(randomKeyPair('AES-256-GCM', 0), peerId, 'primary')
    const { sealKey, sealIv, openKey, openIv } = key
    this.server.engine.setKey(key)
    this.client.engine.setKey({ ...key, sealKey: openKey, sealIv: openIv, openKey: sealKey, openIv: sealIv })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}
