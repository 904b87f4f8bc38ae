import type { PacketEngine, Path } from '@sallyport/packet-engine'

import { pathKey } from './client-path.ts'
import type { HostObserver, SessionHost } from './session-host.ts'

/** What the table needs to know of a session. */
export type TableEntry = Pick<SessionHost, 'path' | 'identity' | 'connection' | 'owns' | 'discard'>

/** Whom the engine takes packets from. */
export type PathKeeper = Pick<PacketEngine, 'acquaint' | 'forget' | 'admitStream' | 'closeStream'>

/** Handshakes at one client address; the one that has a tunnel there is left alone until another is admitted. */
const MAX_HANDSHAKES_PER_PATH = 1
/** Handshakes of one profile; a client that gave up and tries again has one or two. */
export const MAX_HANDSHAKES_PER_DEVICE = 4
/** Handshakes of one tenant's clients whose keys do not tell the device. */
export const MAX_SHARED_KEY_HANDSHAKES = 256
/** Handshakes of one tenant's clients, of whatever device: a tenant must not take the places of the others. */
export const MAX_HANDSHAKES_PER_TENANT = 512
/** Sessions without a tunnel yet; each holds a TLS engine (some 50 KB). */
export const MAX_HANDSHAKES = 2048

/** The sessions of a node, found by path and by peer-id. */
export class SessionTable<Host extends TableEntry = SessionHost> implements HostObserver<Host> {
  /** With the number of their birth. */
  readonly #hosts = new Map<Host, number>()
  readonly #byPath = new Map<string, Host[]>()
  /** Under the device; clients with a key that many devices share stand under their tenant first. */
  readonly #byOwner = new Map<string, Host[]>()
  readonly #byPeerId = new Map<number, Host>()
  /** Those who are not admitted yet, by tenant, the oldest first. */
  readonly #handshakes = new Map<string, Set<Host>>()
  readonly #paths: PathKeeper
  #births = 0
  #handshakeCount = 0

  /** `paths` is told where the first session came and where the last one is gone. */
  constructor(paths: PathKeeper) {
    this.#paths = paths
  }

  /** Sessions that have a tunnel, by transport. */
  get connectionCounts(): Readonly<Record<Path['transport'], number>> {
    let tcp = 0
    for (const { path } of this.#byPeerId.values()) if (path.transport === 'tcp') tcp += 1
    return { udp: this.#byPeerId.size - tcp, tcp }
  }

  /** Sessions that have not got as far. */
  get handshakeCount(): number {
    return this.#handshakeCount
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.keys()]
  }

  /** The session that a control packet belongs to. */
  find(path: Path, bytes: Uint8Array): Host | undefined {
    return this.at(path).find((host) => host.owns(bytes))
  }

  findByPeerId(peerId: number): Host | undefined {
    return this.#byPeerId.get(peerId)
  }

  /** Every session at a client's UDP address, or on its TCP connection. */
  at(path: Path): readonly Host[] {
    return this.#byPath.get(pathKey(path)) ?? []
  }

  /**
   * Adds a newcomer. An older newcomer makes way, never a connection: at the same path, of an owner or a tenant with
   * many, or, when the node is full, of the tenant that has most.
   */
  add(host: Host): void {
    const there = this.at(host.path).filter(isHandshake)
    const siblings = this.#ofSameOwner(host).filter(isHandshake)
    const limit = host.identity.deviceId === undefined ? MAX_SHARED_KEY_HANDSHAKES : MAX_HANDSHAKES_PER_DEVICE
    this.#hosts.set(host, this.#births++)
    this.#settle(host, host.path)
    append(this.#byOwner, ownerKey(host), host)
    const ofTenant = this.#begin(host)
    // Only then, or the stream of both would be closed with the older one.
    const replaced = new Set<Host | undefined>()
    if (there.length >= MAX_HANDSHAKES_PER_PATH) replaced.add(there[0])
    if (siblings.filter((sibling) => !replaced.has(sibling)).length >= limit) replaced.add(siblings[0])
    for (const older of replaced) older?.discard('replaced')
    if (ofTenant.size > MAX_HANDSHAKES_PER_TENANT) oldestOf(ofTenant)?.discard('replaced')
    if (this.#handshakeCount > MAX_HANDSHAKES) oldestOf(this.#largestTenant())?.discard('replaced')
  }

  /** The certificate has told whose device it is: from here on the rules for one device hold. */
  identified(host: Host): void {
    remove(this.#byOwner, tenantKey(host), host)
    append(this.#byOwner, ownerKey(host), host)
  }

  /** A client with a good certificate has spoken: its earlier attempts are given up. */
  spoke(host: Host): void {
    const birth = this.#hosts.get(host) ?? 0
    for (const sibling of this.#ofSameOwner(host)) {
      if (isHandshake(sibling) && (this.#hosts.get(sibling) ?? 0) < birth) sibling.discard('replaced')
    }
  }

  /** The newcomer has its path, and its device's addresses, from now on. */
  admitted(host: Host): void {
    this.#end(host)
    const others = [...this.at(host.path), ...this.#ofSameOwner(host).filter((other) => !isHandshake(other))]
    for (const other of new Set(others)) if (other !== host) other.discard('replaced')
  }

  connected(host: Host): void {
    if (host.connection) this.#byPeerId.set(host.connection.peerId, host)
  }

  /** A client goes on from another address; whoever else is there stays. */
  moved(host: Host, from: Path): void {
    this.#leave(host, from)
    this.#settle(host, host.path)
  }

  closed(host: Host): void {
    this.#hosts.delete(host)
    this.#end(host)
    this.#leave(host, host.path)
    remove(this.#byOwner, ownerKey(host), host)
    const peerId = host.connection?.peerId
    if (peerId !== undefined && this.#byPeerId.get(peerId) === host) this.#byPeerId.delete(peerId)
  }

  #settle(host: Host, path: Path): void {
    append(this.#byPath, pathKey(path), host)
    if (path.stream === undefined) this.#paths.acquaint(path)
    else this.#paths.admitStream(path.stream)
  }

  #leave(host: Host, path: Path): void {
    remove(this.#byPath, pathKey(path), host)
    if (this.at(path).length > 0) return
    if (path.stream === undefined) this.#paths.forget(path)
    else this.#paths.closeStream(path.stream)
  }

  #begin(host: Host): Set<Host> {
    const { tenantId } = host.identity
    const ofTenant = this.#handshakes.get(tenantId) ?? new Set()
    this.#handshakes.set(tenantId, ofTenant.add(host))
    this.#handshakeCount += 1
    return ofTenant
  }

  #end(host: Host): void {
    const { tenantId } = host.identity
    const ofTenant = this.#handshakes.get(tenantId)
    if (ofTenant?.delete(host) !== true) return
    this.#handshakeCount -= 1
    if (ofTenant.size === 0) this.#handshakes.delete(tenantId)
  }

  #largestTenant(): ReadonlySet<Host> {
    let largest: ReadonlySet<Host> = new Set()
    for (const ofTenant of this.#handshakes.values()) if (ofTenant.size > largest.size) largest = ofTenant
    return largest
  }

  #ofSameOwner(host: Host): readonly Host[] {
    return this.#byOwner.get(ownerKey(host)) ?? []
  }
}

function oldestOf<Host>(hosts: ReadonlySet<Host>): Host | undefined {
  return hosts.values().next().value
}

function isHandshake({ connection }: TableEntry): boolean {
  return connection === undefined
}

function append<Host>(lists: Map<string, Host[]>, key: string, host: Host): void {
  lists.set(key, [...(lists.get(key) ?? []), host])
}

function remove<Host>(lists: Map<string, Host[]>, key: string, host: Host): void {
  const rest = (lists.get(key) ?? []).filter((other) => other !== host)
  if (rest.length === 0) lists.delete(key)
  else lists.set(key, rest)
}

function ownerKey(host: TableEntry): string {
  const { deviceId } = host.identity
  return deviceId === undefined ? tenantKey(host) : `device|${deviceId}`
}

function tenantKey({ identity }: TableEntry): string {
  return `tenant|${identity.tenantId}`
}
