import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { errorCode } from '@sallyport/foundation'

import {
  type ControlPacket,
  ENGINE_COUNTERS,
  type EngineCounter,
  type EngineEvent,
  type ForeignStream,
  type KeyOptions,
  type Listener,
  type Path,
  type PeerStatistics,
  type Transport,
} from './engine.ts'
import { EngineError } from './engine-error.ts'

// Receives what the engine's thread reports, to be handled in the order of the arguments: a peer moves before its control
// packets come from the new address, and a stream ends after its last packet. `fatal` is set when the thread stopped.
// With `more`, nothing comes any more until `resume` is called.
type UpwardHandler = (
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
  listen(transport: Transport, address: string, port: number, passForeign: boolean): Listener
  sendControl(path: Path, bytes: Uint8Array): void
  closeStream(stream: number): void
  admitStream(stream: number): void
  resume(): void
  acquaint(path: Path): void
  forget(path: Path): void
  addNetwork(network: number, namespace: string | undefined, interfaceName: string): void
  removeNetwork(network: number): void
  addPeer(peerId: number, network: number, path: Path, ipv4: string | undefined, ipv6: string | undefined): void
  setKey(peerId: number, slot: string, key: NativeKey): void
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
