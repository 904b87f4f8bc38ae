export {
  type AuthenticationRequest,
  type ClientIdentity,
  type DataFraming,
  type DataKeys,
  type Dialogue,
  type PendingAuthentication,
  type Refusal,
  SESSION_DROP_REASONS,
  SESSION_END_REASONS,
  type SessionAction,
  type SessionDropReason,
  type SessionEndReason,
  type SessionGrant,
  type SessionInput,
  type TlsKeyMaterial,
  type TlsPeer,
} from './actions.ts'
export {
  type Advance,
  CLIENT_DROP_REASONS,
  type ClientAction,
  type ClientDropReason,
  type ClientInput,
  type ClientOutcome,
  type DynamicChallenge,
  type PendingDialogue,
  PROTOCOL_ERROR_CODES,
  type ProtocolErrorCode,
} from './client/client-actions.ts'
export { CLIENT_BEHAVIOURS, type ClientBehaviour, type ClientLine } from './client/client-behaviour.ts'
export { ClientCredentials, type UserSecrets } from './client/client-credentials.ts'
export { ClientSession } from './client/client-session.ts'
export type { ClientSessionOptions } from './client/client-session-options.ts'
export type { ClientWrap } from './client/client-wrap.ts'
export type { PulledConfiguration } from './client/pulled-configuration.ts'
export { CLIENT_FAMILIES, type ClientFamily, type ClientFamilyName } from './client-family.ts'
export { InitialLimits } from './handshake/initial-limits.ts'
export { answerInitialPacket, type InitialPacketResult } from './handshake/initial-packet.ts'
export type { CookieKey } from './handshake/psid-cookie.ts'
export type { ServerContext } from './handshake/server-context.ts'
export { MAX_STATIC_KEYS, type StaticKey } from './handshake/static-keys.ts'
export { WrappedKeyMemory } from './handshake/wrapped-key-memory.ts'
export type { PushConfiguration } from './push/configuration.ts'
export type { RemoteAddress, Transport } from './remote-address.ts'
export { Session } from './session.ts'
export type { KeyId } from '@sallyport/openvpn-wire'
