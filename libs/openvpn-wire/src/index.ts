export { type DynamicChallenge, dynamicChallengeText, parseChallengeResponse, textChallengeText } from './challenge.ts'
export { CIPHER_KEY_BYTES, DATA_CIPHERS, type DataCipherName, negotiateCipher, offeredCiphers } from './cipher.ts'
export { MAX_CONTROL_MESSAGE_BYTES, parseControlMessages, serialiseControlMessage } from './control-message.ts'
export {
  CONTROL_HEADER_BYTES,
  type ControlBody,
  type ControlHeader,
  MAX_ACKS,
  namesSession,
  parseControlBody,
  parseControlHeader,
  serialiseControlBody,
  serialiseControlHeader,
} from './control-packet.ts'
export {
  MAX_PASSWORD_LENGTH,
  MAX_SESSION_TOKEN_LENGTH,
  parseCredential,
  type ParsedCredential,
  SESSION_TOKEN_PREFIX,
} from './credentials.ts'
export { nodeCryptoSuite } from './crypto/node-suite.ts'
export type { CryptoSuite } from './crypto-suite.ts'
export { type DataHeader, parseDataHeader, serialiseDataHeader, UNDEFINED_PEER_ID } from './data-packet.ts'
export { parseResendWkc, serialiseResendWkc } from './early-negotiation.ts'
export { EPOCH_SECRET_BYTES, type EpochDataKey, epochDataKey, nextEpochSecret } from './epoch-key.ts'
export {
  parseClientKeyFile,
  parseServerKeyFile,
  parseStaticKeyFile,
  serialiseClientKeyFile,
  serialiseServerKeyFile,
  serialiseStaticKeyFile,
} from './key-file.ts'
export {
  type ClientKeyMethod2,
  type KeyMethod2Result,
  MAX_KEY_METHOD2_BYTES,
  parseClientKeyMethod2,
  parseServerKeyMethod2,
  serialiseClientKeyMethod2,
  serialiseServerKeyMethod2,
  type ServerKeyMethod2,
} from './key-method2.ts'
export { type ClientMetadata, decodeMetadata, encodeMetadata } from './metadata.ts'
export {
  type KeyId,
  nextKeyId,
  OPCODE,
  type Opcode,
  type PacketType,
  packetTypeByte,
  parsePacketType,
  toKeyId,
} from './opcode.ts'
export { expectsCompression, mirrorOptionsString, optionsStringCipher } from './options-string.ts'
export { hasIvProto, IV_PROTO, parsePeerInfo, type PeerInfo, serialisePeerInfo } from './peer-info.ts'
export { assemblePushReply, isPushableOption, parsePushReply } from './push-reply.ts'
export {
  assemblePushUpdate,
  type ChangedKind,
  optionKind,
  parsePushUpdate,
  PUSH_UPDATE_KINDS,
  type PushUpdateItem,
} from './push-update.ts'
export { sameSessionId, SESSION_ID_BYTES, type SessionId, toSessionId } from './session-id.ts'
export {
  CLIENT_KEY_BYTES,
  createClientKey,
  MAX_METADATA_BYTES,
  SERVER_KEY_BYTES,
  splitWrappedKey,
  type TlsCryptV2ClientKey,
  unwrapClientKey,
  type UnwrappedClientKey,
  wrapClientKey,
} from './tls-crypt-v2-key.ts'
