import type { ClientAction, PulledConfiguration } from '@sallyport/openvpn-session'
import type { PacketEngine, Path, PeerStatistics } from '@sallyport/packet-engine'

import { type TunnelTerms, tunnelTerms } from './tunnel-terms.ts'

/** The only network of a load client's engine. */
export const NETWORK = 0

/** What a tunnel needs of the engine. */
export type TunnelEngine = Pick<
  PacketEngine,
  'addPeer' | 'setKey' | 'swapKeys' | 'setKeepalive' | 'deletePeer' | 'statistics'
>

/** A client's end of a tunnel: the server as a peer of the engine, under the peer-id that the server gave this client. */
export class ClientTunnel {
  readonly peerId: number
  readonly terms: TunnelTerms
  readonly #engine: TunnelEngine

  private constructor(engine: TunnelEngine, peerId: number, terms: TunnelTerms) {
    this.#engine = engine
    this.peerId = peerId
    this.terms = terms
  }

  /** Throws `EngineError`, and `RangeError` when the server gave no peer-id: data packets then have another form. */
  static open(engine: TunnelEngine, configuration: PulledConfiguration, path: Path): ClientTunnel {
    const { peerId } = configuration
    if (peerId === undefined) throw new RangeError('the server gave no peer-id')
    const terms = tunnelTerms(configuration)
    const { ipv4, ipv6 } = terms
    engine.addPeer({ peerId, network: NETWORK, path, ipv4, ipv6 })
    return new ClientTunnel(engine, peerId, terms)
  }

  /** Hands keys to the engine and wipes the copies. */
  installKeys({ keyId, slot, keys, framing }: ClientAction & { type: 'install-keys' }): void {
    const { cipher, format, sealKey, openKey } = keys
    const none = new Uint8Array(0)
    const { sealIv, openIv } = keys.format === 'classic' ? keys : { sealIv: none, openIv: none }
    const { peerId } = this
    this.#engine.setKey({ peerId, slot, keyId, cipher, format, framing, sealKey, sealIv, openKey, openIv })
    for (const buffer of [sealKey, sealIv, openKey, openIv]) buffer.fill(0)
  }

  swapKeys(): void {
    this.#engine.swapKeys(this.peerId)
  }

  /** Pings the server and waits for its pings, as it said. */
  keepAlive(): void {
    const { pingSeconds, pingRestartSeconds } = this.terms
    this.#engine.setKeepalive(this.peerId, { intervalSeconds: pingSeconds, timeoutSeconds: pingRestartSeconds })
  }

  statistics(): PeerStatistics {
    return this.#engine.statistics(this.peerId)
  }

  close(): void {
    this.#engine.deletePeer(this.peerId)
  }
}
