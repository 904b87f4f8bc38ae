export { type ClientChallenge } from './client-challenge.ts'
export { countryFile } from './country-file.ts'
export { ManualClock } from './manual-clock.ts'
export { type CommandResult, connect, type LinkEnd, Namespace } from './netns.ts'
export { type ConnectedState, OpenVpnClient, type OpenVpnClientOptions } from './openvpn-client.ts'
export { type ThrowawayPostgres, throwawayPostgres } from './postgres.ts'
export { type ThrowawayRedis, throwawayRedis } from './redis.ts'
export { SeededRandom } from './seeded-random.ts'
export {
  type AssertionJson,
  type AttestationJson,
  type Misuse,
  SoftwareAuthenticator,
} from './software-authenticator.ts'
export { type Attester, throwawayAttester } from './throwaway-attestation.ts'
export { type IssuedPair, ThrowawayCa, type ThrowawaySubject } from './throwaway-ca.ts'
export { totpCode, TotpDevice } from './totp.ts'
export { readVectors, Vector, vector } from './vectors.ts'
export { sha256OfBytes, startWebServer } from './web-server.ts'
