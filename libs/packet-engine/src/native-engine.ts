import { closeSync } from 'node:fs'

import {
  type EngineCounter,
  type EngineHandlers,
  type KeepaliveOptions,
  type KeyOptions,
  type Listener,
  type ListenOptions,
  type NetworkOptions,
  type PacketEngine,
  type Path,
  type PeerOptions,
  type PeerStatistics,
} from './engine.ts'
import { EngineError } from './engine-error.ts'
import { loadNativeEngine, type NativeEngineBinding } from './native-binding.ts'

const MAX_PORT = 0xffff
const MAX_NETWORK = 0xffff
const MAX_PEER_ID = 0xfffffe
const MAX_KEY_ID = 7
const MAX_PACKET_ID = { classic: 0xffffffff, epoch: 2 ** 48 - 1 } as const
const MAX_LIMIT = 2n ** 63n
const MAX_LISTENER = 0xffff
const MAX_KEEPALIVE_SECONDS = 86_400
const INTERFACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/
const NAMESPACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/

/**
 * Creates the packet engine of this process. Its thread starts with `listen`; hold it by `await using`, since the
 * process does not end while an engine is open.
 */
export function createPacketEngine(handlers: EngineHandlers): PacketEngine {
  return new NativePacketEngine(handlers)
}

class NativePacketEngine implements PacketEngine {
  readonly #binding: NativeEngineBinding
  #closed: Promise<void> | undefined

  constructor(handlers: EngineHandlers) {
    const Engine = loadNativeEngine()
    this.#binding = new Engine(EngineError, (events, control, closed, foreign, fatal, more) => {
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
    })
  }

  listen({ transport, address, port, passForeign = false }: ListenOptions): Listener {
    return this.#open().listen(transport, address, checkInteger('port', port, 0, MAX_PORT), passForeign)
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

  addNetwork({ network, namespace, interfaceName }: NetworkOptions): void {
    checkInteger('network', network, 0, MAX_NETWORK)
    checkName('interface name', interfaceName, INTERFACE_NAME)
    if (namespace !== undefined) checkName('namespace', namespace, NAMESPACE_NAME)
    this.#open().addNetwork(network, namespace, interfaceName)
  }

  removeNetwork(network: number): void {
    this.#open().removeNetwork(checkInteger('network', network, 0, MAX_NETWORK))
  }

  addPeer({ peerId, network, path, ipv4, ipv6 }: PeerOptions): void {
    checkPeerId(peerId)
    checkInteger('network', network, 0, MAX_NETWORK)
    this.#open().addPeer(peerId, network, checkPath(path), ipv4, ipv6)
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

  statistics(peerId: number): PeerStatistics {
    return this.#open().statistics(checkPeerId(peerId))
  }

  counters(): Readonly<Record<EngineCounter, bigint>> {
    return this.#open().counters()
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
