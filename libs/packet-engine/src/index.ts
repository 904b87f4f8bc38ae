export {
  type ControlPacket,
  type EndPoint,
  ENGINE_CIPHERS,
  ENGINE_COUNTERS,
  type EngineCipher,
  type EngineCounter,
  type EngineEvent,
  type EngineHandlers,
  type ForeignStream,
  type KeepaliveOptions,
  type KeyLimitReason,
  type KeyLimits,
  type KeyOptions,
  type Listener,
  type ListenOptions,
  type NetworkOptions,
  type PacketEngine,
  type Path,
  type PeerOptions,
  type PeerStatistics,
  type StreamCloseReason,
  type Transport,
} from './engine.ts'
export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode } from './engine-error.ts'
export {
  EPOCH_OVERHEAD_BYTES,
  type EpochHeader,
  type EpochReferenceKey,
  type OpenedEpochPacket,
  openEpochPacket,
  sealEpochPacket,
} from './epoch-reference.ts'
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
