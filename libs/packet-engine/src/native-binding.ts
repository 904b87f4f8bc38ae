import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { errorCode } from '@sallyport/foundation'

import {
  type ControlPacket,
  type EndPoint,
  ENGINE_COUNTERS,
  type EngineCounter,
  type EngineEvent,
  type PeerStatistics,
} from './engine.ts'
import { EngineError } from './engine-error.ts'

// Receives what the engine's thread reports; `fatal` is set when that thread has stopped.
type UpwardHandler = (
  control: readonly ControlPacket[],
  events: readonly EngineEvent[],
  fatal: EngineError | undefined,
) => void

/** The addon's class; it trusts the types and ranges of its arguments and throws `EngineError` for everything else. */
export interface NativeEngineBinding {
  listen(address: string, port: number): EndPoint
  sendControl(address: string, port: number, bytes: Uint8Array): void
  addNetwork(network: number, namespace: string | undefined, interfaceName: string): void
  removeNetwork(network: number): void
  addPeer(
    peerId: number,
    network: number,
    address: string,
    port: number,
    ipv4: string | undefined,
    ipv6: string | undefined,
  ): void
  setKey(
    peerId: number,
    slot: string,
    keyId: number,
    cipher: string,
    sealKey: Uint8Array,
    sealIv: Uint8Array,
    openKey: Uint8Array,
    openIv: Uint8Array,
    firstPacketId: number,
  ): void
  swapKeys(peerId: number): void
  deleteKey(peerId: number, slot: string): void
  setKeepalive(peerId: number, intervalSeconds: number, timeoutSeconds: number): void
  deletePeer(peerId: number): void
  statistics(peerId: number): PeerStatistics
  counters(): Readonly<Record<EngineCounter, bigint>>
  cpuSeconds(): number
  close(): Promise<void>
}

type NativeEngineConstructor = new (errorConstructor: typeof EngineError, upward: UpwardHandler) => NativeEngineBinding

// The same relative path from src/ and from dist/.
const ADDON_URL = new URL('../native/build/packet_engine.node', import.meta.url)

/**
 * Loads the addon and checks that it was built from this version of the sources. Throws `EngineError` `addon-not-built`
 * or `addon-outdated`.
 */
export function loadNativeEngine(addonUrl: URL = ADDON_URL): NativeEngineConstructor {
  const path = fileURLToPath(addonUrl)
  let addon: unknown
  try {
    addon = createRequire(import.meta.url)(path)
  } catch (cause) {
    if (errorCode(cause) !== 'MODULE_NOT_FOUND') throw cause
    throw new EngineError('addon-not-built', `${path} does not exist: build it with \`npm run build\``, { cause })
  }
  return readExports(addon, path)
}

function readExports(addon: unknown, path: string): NativeEngineConstructor {
  if (typeof addon !== 'object' || addon === null) throw outdated(path)
  if (!('Engine' in addon) || typeof addon.Engine !== 'function' || !('counterNames' in addon)) throw outdated(path)
  if (String(addon.counterNames) !== String(ENGINE_COUNTERS)) throw outdated(path)
  return addon.Engine as NativeEngineConstructor
}

function outdated(path: string): EngineError {
  return new EngineError('addon-outdated', `${path} was built from other sources: build it with \`npm run build\``)
}
