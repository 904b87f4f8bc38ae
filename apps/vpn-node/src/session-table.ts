import type { EndPoint } from '@sallyport/packet-engine'

import type { HostObserver, SessionHost } from './session-host.ts'

/** What the table needs to know of a session. */
export type TableEntry = Pick<SessionHost, 'remote' | 'metadata' | 'connection' | 'owns' | 'discard'>

/** Sessions at one address: the one that has it, and one newcomer that may take it over. */
const MAX_SESSIONS_PER_ADDRESS = 2
/** Sessions without a tunnel yet; each holds a TLS engine (some 50 KB). */
export const MAX_HANDSHAKES = 2048

/** The sessions of a node, found by outer address and by peer-id. */
export class SessionTable<Host extends TableEntry = SessionHost> implements HostObserver<Host> {
  readonly #byAddress = new Map<string, Host[]>()
  readonly #byPeerId = new Map<number, Host>()
  readonly #byDevice = new Map<string, Host>()
  readonly #hosts = new Set<Host>()

  /** Sessions that have a tunnel. */
  get connectionCount(): number {
    return this.#byPeerId.size
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts]
  }

  /** Whether one more handshake may begin. */
  get hasRoom(): boolean {
    return this.#hosts.size - this.#byPeerId.size < MAX_HANDSHAKES
  }

  /** The session that a control packet belongs to. */
  find(remote: EndPoint, bytes: Uint8Array): Host | undefined {
    return this.#byAddress.get(addressKey(remote))?.find((host) => host.owns(bytes))
  }

  findByPeerId(peerId: number): Host | undefined {
    return this.#byPeerId.get(peerId)
  }

  /** Adds a newcomer; an older newcomer at the same address that has not spoken yet makes way. */
  add(host: Host): void {
    const key = addressKey(host.remote)
    const present = this.#byAddress.get(key) ?? []
    if (present.length >= MAX_SESSIONS_PER_ADDRESS) present.at(-1)?.discard('replaced')
    this.#hosts.add(host)
    this.#byAddress.set(key, [...(this.#byAddress.get(key) ?? []), host])
  }

  spoke(host: Host): void {
    const others = this.#byAddress.get(addressKey(host.remote)) ?? []
    for (const other of others) if (other !== host) other.discard('replaced')
  }

  admitted(host: Host): void {
    const { deviceId } = host.metadata
    const other = this.#byDevice.get(deviceId)
    this.#byDevice.set(deviceId, host)
    if (other !== host) other?.discard('replaced')
  }

  connected(host: Host): void {
    if (host.connection) this.#byPeerId.set(host.connection.peerId, host)
  }

  closed(host: Host): void {
    this.#hosts.delete(host)
    const key = addressKey(host.remote)
    const rest = (this.#byAddress.get(key) ?? []).filter((other) => other !== host)
    if (rest.length === 0) this.#byAddress.delete(key)
    else this.#byAddress.set(key, rest)
    if (this.#byDevice.get(host.metadata.deviceId) === host) this.#byDevice.delete(host.metadata.deviceId)
    const peerId = host.connection?.peerId
    if (peerId !== undefined && this.#byPeerId.get(peerId) === host) this.#byPeerId.delete(peerId)
  }
}

function addressKey({ address, port }: EndPoint): string {
  return `${address}|${String(port)}`
}
