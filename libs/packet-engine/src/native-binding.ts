import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { errorCode } from '@sallyport/foundation'

import {
  type ControlPacket,
  type EngineCapabilities,
  type EngineEvent,
  type EngineOptions,
  type ForeignStream,
  type KeyOptions,
  type Listener,
  type Path,
  type PeerStatistics,
  type TapReport,
  type Transport,
} from './engine.ts'
import { ENGINE_COUNTERS, type EngineCounter, NETWORK_DROPS, PEER_DROPS } from './engine-counters.ts'
import { EngineError } from './engine-error.ts'
import type { NetworkCounters, PeerCounters } from './traffic-counters.ts'
import type { NativeLimit } from './traffic-limit.ts'

/**
 * Receives what the engine's threads report, to be handled in the order of the arguments: a peer moves before its control
 * packets come from the new address, and a stream ends after its last packet. `fatal` is set when a thread stopped.
 * With `more`, nothing comes any more until `resume` is called.
 */
export type UpwardHandler = (
  events: readonly EngineEvent[],
  control: readonly ControlPacket[],
  closed: readonly EngineEvent[],
  foreign: readonly ForeignStream[],
  fatal: EngineError | undefined,
  more: boolean,
) => void

/** A data key as the addon takes it: every field is there. */
export interface NativeKey extends Required<
  Pick<KeyOptions, 'keyId' | 'cipher' | 'format' | 'sealKey' | 'sealIv' | 'openKey' | 'openIv' | 'framing'>
> {
  readonly firstPacketId: number
  readonly packetLimit: bigint | undefined
  readonly byteLimit: bigint | undefined
}

/** The addon's class; it trusts the types and ranges of its arguments and throws `EngineError` for everything else. */
export interface NativeEngineBinding {
  listen(transport: Transport, address: string, port: number, passForeign: boolean, dscp: 'copy' | number): Listener
  sendControl(path: Path, bytes: Uint8Array): void
  closeStream(stream: number): void
  admitStream(stream: number): void
  resume(): void
  acquaint(path: Path): void
  forget(path: Path): void
  addNetwork(network: number, namespace: string | undefined, interfaceName: string, routeBy: string): void
  removeNetwork(network: number): void
  addPeer(
    peerId: number,
    network: number,
    path: Path,
    ipv4: string | undefined,
    ipv6: string | undefined,
    routes: readonly string[],
    mtu: number,
    segmentLimit: { readonly ipv4: number; readonly ipv6: number },
  ): void
  setKey(peerId: number, slot: string, key: NativeKey): void
  swapKeys(peerId: number): void
  deleteKey(peerId: number, slot: string): void
  setKeepalive(peerId: number, intervalSeconds: number, timeoutSeconds: number): void
  deletePeer(peerId: number): void
  setLimits(peerId: number, received: NativeLimit, sent: NativeLimit): void
  statistics(peerId: number): PeerStatistics
  peerCounters(peerId: number): PeerCounters
  networkCounters(network: number): NetworkCounters
  startTap(peerId: number, fd: number, side: string, maxBytes: number): void
  stopTap(peerId: number): TapReport
  counters(): Readonly<Record<EngineCounter, bigint>>
  capabilities(): EngineCapabilities
  cpuSeconds(): number
  close(): Promise<void>
}

type NativeEngineConstructor = new (
  errorConstructor: typeof EngineError,
  upward: UpwardHandler,
  options: Required<EngineOptions>,
) => NativeEngineBinding

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
  if (!('peerDropNames' in addon) || !('networkDropNames' in addon)) throw outdated(path)
  if (String(addon.peerDropNames) !== String(PEER_DROPS)) throw outdated(path)
  if (String(addon.networkDropNames) !== String(NETWORK_DROPS)) throw outdated(path)
  return addon.Engine as NativeEngineConstructor
}

function outdated(path: string): EngineError {
  return new EngineError('addon-outdated', `${path} was built from other sources: build it with \`npm run build\``)
}
