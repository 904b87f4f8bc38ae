export {
  type AuthenticationRequest,
  type DataKeys,
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
export { answerInitialPacket, type InitialPacketResult, type ServerContext } from './handshake/initial-packet.ts'
export type { RemoteAddress } from './handshake/psid-cookie.ts'
export { Session } from './session.ts'
export type { KeyId } from '@sallyport/openvpn-wire'
