import type { EndPoint } from '@sallyport/packet-engine'

import type { HostObserver, SessionHost } from './session-host.ts'

/** What the table needs to know of a session. */
export type TableEntry = Pick<SessionHost, 'remote' | 'metadata' | 'connection' | 'owns' | 'discard'>

/** Sessions at one address: the one that has it, and one newcomer that may take it over. */
const MAX_SESSIONS_PER_ADDRESS = 2
/** Handshakes of one profile; a client that gave up and tries again has one or two. */
export const MAX_HANDSHAKES_PER_DEVICE = 4
/** Sessions without a tunnel yet; each holds a TLS engine (some 50 KB). */
export const MAX_HANDSHAKES = 2048

/** The sessions of a node, found by outer address and by peer-id. */
export class SessionTable<Host extends TableEntry = SessionHost> implements HostObserver<Host> {
  readonly #hosts = new Set<Host>()
  readonly #byAddress = new Map<string, Host[]>()
  /** In the order of their birth. */
  readonly #byDevice = new Map<string, Host[]>()
  readonly #byPeerId = new Map<number, Host>()

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

  /** Adds a newcomer. An older newcomer makes way, never a connection: at the same address, or of a device with many. */
  add(host: Host): void {
    const there = this.#at(host)
    if (there.length >= MAX_SESSIONS_PER_ADDRESS) there.at(-1)?.discard('replaced')
    const handshakes = this.#ofDevice(host).filter(({ connection }) => connection === undefined)
    if (handshakes.length >= MAX_HANDSHAKES_PER_DEVICE) handshakes[0]?.discard('replaced')
    this.#hosts.add(host)
    this.#byAddress.set(addressKey(host.remote), [...this.#at(host), host])
    this.#byDevice.set(host.metadata.deviceId, [...this.#ofDevice(host), host])
  }

  /** A client with a good certificate has spoken: its earlier attempts are given up. */
  spoke(host: Host): void {
    const siblings = this.#ofDevice(host)
    for (const older of siblings.slice(0, siblings.indexOf(host))) {
      if (older.connection === undefined) older.discard('replaced')
    }
  }

  /** The newcomer has its address, and its device's addresses, from now on. */
  admitted(host: Host): void {
    const others = [...this.#at(host), ...this.#ofDevice(host).filter(({ connection }) => connection !== undefined)]
    for (const other of new Set(others)) if (other !== host) other.discard('replaced')
  }

  connected(host: Host): void {
    if (host.connection) this.#byPeerId.set(host.connection.peerId, host)
  }

  closed(host: Host): void {
    this.#hosts.delete(host)
    remove(this.#byAddress, addressKey(host.remote), host)
    remove(this.#byDevice, host.metadata.deviceId, host)
    const peerId = host.connection?.peerId
    if (peerId !== undefined && this.#byPeerId.get(peerId) === host) this.#byPeerId.delete(peerId)
  }

  #at(host: Host): readonly Host[] {
    return this.#byAddress.get(addressKey(host.remote)) ?? []
  }

  #ofDevice(host: Host): readonly Host[] {
    return this.#byDevice.get(host.metadata.deviceId) ?? []
  }
}

function remove<Host>(lists: Map<string, Host[]>, key: string, host: Host): void {
  const rest = (lists.get(key) ?? []).filter((other) => other !== host)
  if (rest.length === 0) lists.delete(key)
  else lists.set(key, rest)
}

function addressKey({ address, port }: EndPoint): string {
  return `${address}|${String(port)}`
}
