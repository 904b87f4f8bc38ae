export {
  type CipherLibrary,
  type ControlPacket,
  type EndPoint,
  ENGINE_CIPHERS,
  ENGINE_OFFLOADS,
  type EngineCapabilities,
  type EngineCipher,
  type EngineEvent,
  type EngineHandlers,
  type EngineOffload,
  type EngineOptions,
  type ForeignStream,
  type KeepaliveOptions,
  type KeyLimitReason,
  type KeyLimits,
  type KeyOptions,
  type Listener,
  type ListenOptions,
  MAX_DATA_THREADS,
  type NetworkOptions,
  type PacketEngine,
  type Path,
  type PeerOptions,
  type PeerStatistics,
  type StreamCloseReason,
  type TapOptions,
  type TapReport,
  type TapSide,
  type Transport,
} from './engine.ts'
export {
  ENGINE_COUNTERS,
  type EngineCounter,
  NETWORK_DROPS,
  type NetworkDrop,
  PEER_DROPS,
  type PeerDrop,
} from './engine-counters.ts'
export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode } from './engine-error.ts'
export {
  EPOCH_OVERHEAD_BYTES,
  type EpochHeader,
  type EpochReferenceKey,
  type OpenedEpochPacket,
  openEpochPacket,
  sealEpochPacket,
} from './epoch-reference.ts'
export { HostCommandError, inNamespace, runHostCommand } from './host-command.ts'
export { createPacketEngine } from './native-engine.ts'
export {
  DATA_OVERHEAD_BYTES,
  type DataHeader,
  type OpenedPacket,
  openPacket,
  type ReferenceKey,
  sealBehind,
  sealPacket,
} from './reference.ts'
export type { NetworkCounters, PeerCounters, PeerTrafficLimits, TrafficLimit } from './traffic-counters.ts'
