export {
  type ControlPacket,
  type EndPoint,
  ENGINE_CIPHERS,
  ENGINE_COUNTERS,
  type EngineCipher,
  type EngineCounter,
  type EngineEvent,
  type EngineHandlers,
  type KeepaliveOptions,
  type KeyOptions,
  type NetworkOptions,
  type PacketEngine,
  type PeerOptions,
  type PeerStatistics,
} from './engine.ts'
export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode } from './engine-error.ts'
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
