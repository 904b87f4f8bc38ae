import { closeSync } from 'node:fs'

import {
  type EngineCapabilities,
  type EngineHandlers,
  type EngineOptions,
  type KeepaliveOptions,
  type KeyOptions,
  type Listener,
  type ListenOptions,
  MAX_DATA_THREADS,
  type NetworkOptions,
  type PacketEngine,
  type Path,
  type PeerOptions,
  type PeerStatistics,
  type TapOptions,
  type TapReport,
} from './engine.ts'
import type { EngineCounter } from './engine-counters.ts'
import { EngineError } from './engine-error.ts'
import { loadNativeEngine, type NativeEngineBinding, type UpwardHandler } from './native-binding.ts'
import type { NetworkCounters, PeerCounters, PeerTrafficLimits } from './traffic-counters.ts'
import { nativeLimit } from './traffic-limit.ts'

const MAX_PORT = 0xffff
const MAX_DSCP = 63
/** The least MTU of IPv4 (RFC 791), and what the engine carries at most. */
const MIN_MTU = 68
const MAX_MTU = 9000
const MAX_NETWORK = 0xffff
const MAX_PEER_ID = 0xfffffe
const MAX_KEY_ID = 7
const MAX_PACKET_ID = { classic: 0xffffffff, epoch: 2 ** 48 - 1 } as const
const MAX_LIMIT = 2n ** 63n
const MAX_LISTENER = 0xffff
const MAX_DESCRIPTOR = 2 ** 31 - 1
/** Room for what every file begins and ends with. */
const MIN_TAP_BYTES = 4096
const MAX_KEEPALIVE_SECONDS = 86_400
const INTERFACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/
const NAMESPACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/

/**
 * Creates the packet engine of this process. Its threads start with `listen`; hold it by `await using`, since the
 * process does not end while an engine is open.
 */
export function createPacketEngine(handlers: EngineHandlers, options: EngineOptions = {}): PacketEngine {
  return new NativePacketEngine(handlers, options)
}

class NativePacketEngine implements PacketEngine {
  readonly #binding: NativeEngineBinding
  #closed: Promise<void> | undefined

  constructor(handlers: EngineHandlers, { cipherLibrary = 'auto', dataThreads = 1 }: EngineOptions) {
    checkInteger('number of data threads', dataThreads, 1, MAX_DATA_THREADS)
    const Engine = loadNativeEngine()
    const upward: UpwardHandler = (events, control, closed, foreign, fatal, more) => {
      // What was already under way when the owner disposed of the engine concerns nobody any more.
      if (this.#closed !== undefined) {
        for (const { fd } of foreign) closeSync(fd)
        return
      }
      if (more) setImmediate(this.#resume.bind(this))
      if (fatal !== undefined) handlers.onFatal(fatal)
      for (const event of events) handlers.onEvent(event)
      if (control.length > 0) handlers.onControl(control)
      for (const event of closed) handlers.onEvent(event)
      for (const stream of foreign) handlers.onForeignStream(stream)
    }
    this.#binding = new Engine(EngineError, upward, { cipherLibrary, dataThreads })
  }

  listen({ transport, address, port, passForeign = false, dscp = 0 }: ListenOptions): Listener {
    checkInteger('port', port, 0, MAX_PORT)
    if (dscp !== 'copy') checkInteger('DSCP', dscp, 0, MAX_DSCP)
    return this.#open().listen(transport, address, port, passForeign, dscp)
  }

  sendControl(path: Path, bytes: Uint8Array): void {
    this.#open().sendControl(checkPath(path), bytes)
  }

  closeStream(stream: number): void {
    this.#open().closeStream(checkInteger('stream', stream, 1, Number.MAX_SAFE_INTEGER))
  }

  admitStream(stream: number): void {
    this.#open().admitStream(checkInteger('stream', stream, 1, Number.MAX_SAFE_INTEGER))
  }

  acquaint(path: Path): void {
    this.#open().acquaint(checkPath(path))
  }

  forget(path: Path): void {
    this.#open().forget(checkPath(path))
  }

  addNetwork({ network, namespace, interfaceName, routeBy = 'destination' }: NetworkOptions): void {
    checkInteger('network', network, 0, MAX_NETWORK)
    checkName('interface name', interfaceName, INTERFACE_NAME)
    if (namespace !== undefined) checkName('namespace', namespace, NAMESPACE_NAME)
    this.#open().addNetwork(network, namespace, interfaceName, routeBy)
  }

  removeNetwork(network: number): void {
    this.#open().removeNetwork(checkInteger('network', network, 0, MAX_NETWORK))
  }

  addPeer({ peerId, network, path, ipv4, ipv6, routes = [], ...fit }: PeerOptions): void {
    const { mtu = MAX_MTU, segmentLimit = { ipv4: 0, ipv6: 0 } } = fit
    checkPeerId(peerId)
    checkInteger('network', network, 0, MAX_NETWORK)
    checkInteger('MTU', mtu, MIN_MTU, MAX_MTU)
    checkInteger('IPv4 segment limit', segmentLimit.ipv4, 0, MAX_MTU)
    checkInteger('IPv6 segment limit', segmentLimit.ipv6, 0, MAX_MTU)
    this.#open().addPeer(peerId, network, checkPath(path), ipv4, ipv6, routes, mtu, segmentLimit)
  }

  setKey({ peerId, slot, limits = {}, ...options }: KeyOptions): void {
    const { format = 'classic', framing = 'none', firstPacketId = 1, ...key } = options
    checkPeerId(peerId)
    checkInteger('key id', key.keyId, 0, MAX_KEY_ID)
    checkInteger('first packet id', firstPacketId, 1, MAX_PACKET_ID[format])
    this.#open().setKey(peerId, slot, {
      ...key,
      format,
      framing,
      firstPacketId,
      packetLimit: checkLimit('packet limit', limits.packets),
      byteLimit: checkLimit('byte limit', limits.bytes),
    })
  }

  swapKeys(peerId: number): void {
    this.#open().swapKeys(checkPeerId(peerId))
  }

  deleteKey(peerId: number, slot: 'primary' | 'secondary'): void {
    this.#open().deleteKey(checkPeerId(peerId), slot)
  }

  setKeepalive(peerId: number, { intervalSeconds, timeoutSeconds }: KeepaliveOptions): void {
    checkPeerId(peerId)
    checkInteger('keepalive interval', intervalSeconds, 0, MAX_KEEPALIVE_SECONDS)
    checkInteger('keepalive timeout', timeoutSeconds, 0, MAX_KEEPALIVE_SECONDS)
    this.#open().setKeepalive(peerId, intervalSeconds, timeoutSeconds)
  }

  deletePeer(peerId: number): void {
    this.#open().deletePeer(checkPeerId(peerId))
  }

  setLimits(peerId: number, { received, sent }: PeerTrafficLimits): void {
    this.#open().setLimits(checkPeerId(peerId), nativeLimit(received), nativeLimit(sent))
  }

  peerCounters(peerId: number): PeerCounters {
    return this.#open().peerCounters(checkPeerId(peerId))
  }

  networkCounters(network: number): NetworkCounters {
    return this.#open().networkCounters(checkInteger('network', network, 0, MAX_NETWORK))
  }

  statistics(peerId: number): PeerStatistics {
    return this.#open().statistics(checkPeerId(peerId))
  }

  startTap(peerId: number, { side, fd, maxBytes }: TapOptions): void {
    checkPeerId(peerId)
    checkInteger('descriptor', fd, 0, MAX_DESCRIPTOR)
    checkInteger('size of the file', maxBytes, MIN_TAP_BYTES, Number.MAX_SAFE_INTEGER)
    this.#open().startTap(peerId, fd, side, maxBytes)
  }

  stopTap(peerId: number): TapReport {
    return this.#open().stopTap(checkPeerId(peerId))
  }

  counters(): Readonly<Record<EngineCounter, bigint>> {
    return this.#open().counters()
  }

  capabilities(): EngineCapabilities {
    return this.#open().capabilities()
  }

  cpuSeconds(): number {
    return this.#open().cpuSeconds()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#binding.close()
    return this.#closed
  }

  /** However many packets wait, everything else that the process has to do comes in between its batches of them. */
  #resume(): void {
    if (this.#closed === undefined) this.#binding.resume()
  }

  #open(): NativeEngineBinding {
    if (this.#closed !== undefined) throw new EngineError('engine-stopped', 'the packet engine has been disposed of')
    return this.#binding
  }
}

function checkPeerId(peerId: number): number {
  return checkInteger('peer-id', peerId, 0, MAX_PEER_ID)
}

function checkPath(path: Path): Path {
  checkInteger('listener', path.listener, 0, MAX_LISTENER)
  checkInteger('remote port', path.remote.port, 1, MAX_PORT)
  checkInteger('local port', path.local.port, 1, MAX_PORT)
  if ((path.transport === 'tcp') !== (path.stream !== undefined)) {
    throw new EngineError('bad-argument', 'a path has a stream when its transport is TCP, and only then')
  }
  if (path.stream !== undefined) checkInteger('stream', path.stream, 1, Number.MAX_SAFE_INTEGER)
  return path
}

function checkLimit(what: string, value: bigint | undefined): bigint | undefined {
  if (value === undefined || (value >= 1n && value <= MAX_LIMIT)) return value
  throw new EngineError('bad-argument', `the ${what} must be from 1 to ${String(MAX_LIMIT)}, not ${String(value)}`)
}

function checkInteger(what: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new EngineError(
    'bad-argument',
    `the ${what} must be a whole number from ${String(minimum)} to ${String(maximum)}, not ${String(value)}`,
  )
}

function checkName(what: string, name: string, pattern: RegExp): void {
  if (pattern.test(name)) return
  throw new EngineError('bad-argument', `the ${what} ${JSON.stringify(name)} must match ${String(pattern)}`)
}
