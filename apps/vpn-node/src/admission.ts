import { timingSafeEqual } from 'node:crypto'

import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import {
  type AuthoriseRequest,
  authoriseRequest,
  type AuthoriseResponse,
  type Challenge,
  type ConnectionGrant,
  type Credential,
  type Lease,
  NODE_API_VERSION,
  type NotEquippedCode,
  uuid,
} from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { AuthenticationRequest, ClientIdentity, Refusal, TlsPeer } from '@sallyport/openvpn-session'
import { parseCredential, type PeerInfo } from '@sallyport/openvpn-wire'
import type { Path } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { certificateRefusal, nodeRefusal } from './refusals.ts'
import { NetworkUnavailableError, type TunnelNetworks } from './tunnel-networks.ts'

/** Who asks to come in, as far as the node knows before auth-service has spoken. */
export interface Applicant {
  readonly identity: ClientIdentity
  readonly path: Path
  readonly request: AuthenticationRequest
  /** The answer to a challenge, in place of the password that led to it. */
  readonly answer: Extract<Credential, { kind: 'challenge-response' }> | undefined
  /** The terms in force, on a renegotiation. */
  readonly current: ConnectionGrant | undefined
}

/** `refused` with a grant means that auth-service holds a connection that must be reported as ended. */
export type Admission =
  | { readonly type: 'renewed'; readonly grant: ConnectionGrant }
  | { readonly type: 'admitted'; readonly grant: ConnectionGrant; readonly lease: Lease; readonly network: number }
  | { readonly type: 'challenged'; readonly challenge: Challenge }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly grant?: ConnectionGrant }

const MAX_PEER_INFO_LINES = 64

/** Decides on a client: certificate, then auth-service, then network and addresses. */
export class AdmissionDesk {
  readonly #control: Pick<ControlLink, 'authorise'>
  readonly #leases: Pick<LeaseKeeper, 'acquire'>
  readonly #networks: Pick<TunnelNetworks, 'ensure'>
  readonly #log: Logger
  readonly #signal: AbortSignal

  constructor(
    control: Pick<ControlLink, 'authorise'>,
    leases: Pick<LeaseKeeper, 'acquire'>,
    networks: Pick<TunnelNetworks, 'ensure'>,
    log: Logger,
    signal: AbortSignal,
  ) {
    this.#control = control
    this.#leases = leases
    this.#networks = networks
    this.#log = log
    this.#signal = signal
  }

  /** Never throws. */
  async decide(applicant: Applicant): Promise<Admission> {
    const { identity, request, current } = applicant
    if (request.peer.verifyError !== undefined) return refused(certificateRefusal(request.peer.verifyError))
    const deviceId = deviceOf(identity, request.peer)
    if (deviceId === undefined) return refused(nodeRefusal('certificate-without-device'))
    const body = authoriseBody(applicant, deviceId)
    if (body === undefined) return refused(nodeRefusal('malformed-credentials'))
    const answer = await this.#authorise(body, current)
    if (answer.decision === 'deny') return refused(denial(answer))
    if (answer.decision === 'challenge') return { type: 'challenged', challenge: answer }
    if (current !== undefined) return { type: 'renewed', grant: answer.grant }
    return this.#equip(answer.grant)
  }

  async #authorise(
    body: AuthoriseRequest,
    current: ConnectionGrant | undefined,
  ): Promise<AuthoriseResponse | ({ decision: 'deny' } & Refusal)> {
    try {
      return await this.#control.authorise(body, this.#signal)
    } catch (error) {
      const away = error instanceof ServiceUnavailableError
      if (away && current !== undefined && isKnownToken(body, current)) return { decision: 'allow', grant: current }
      this.#log.warn({ err: describeError(error) }, 'auth-service did not decide')
      return { decision: 'deny', ...nodeRefusal(away ? 'control-plane-away' : 'internal-error') }
    }
  }

  async #equip(grant: ConnectionGrant): Promise<Admission> {
    const { network, connectionId, deviceId } = grant
    try {
      const index = await this.#networks.ensure(network)
      const lease = await this.#leases.acquire(network.networkId, network.tenantId, deviceId, connectionId)
      return { type: 'admitted', grant, lease, network: index }
    } catch (error) {
      this.#log.warn({ network: network.name, err: describeError(error) }, 'connection not equipped')
      return { ...refused(nodeRefusal(equipmentRefusal(error))), grant }
    }
  }
}

/**
 * The device that asks: the one whose key the profile holds, or, with a key that a whole tenant shares, the one that the
 * verified certificate names. `undefined` when the certificate is not that of a device.
 */
export function deviceOf({ deviceId }: ClientIdentity, peer: TlsPeer): string | undefined {
  if (deviceId !== undefined) return deviceId
  if (peer.verifyError !== undefined) return undefined
  const named = uuid.safeParse(peer.commonName)
  return named.success ? named.data : undefined
}

function refused(refusal: Refusal): Admission & { type: 'refused' } {
  return { type: 'refused', refusal }
}

function denial({ code, message, temporary }: Refusal): Refusal {
  if (code === 'token-expired' || code === 'session-ended') return { code, message, sessionExpired: true }
  return temporary ? { code, message, temporary } : { code, message }
}

function equipmentRefusal(error: unknown): NotEquippedCode {
  if (error instanceof NetworkUnavailableError) return error.code
  if (error instanceof ServiceRefusedError && error.code === 'pool-full') return 'pool-full'
  if (error instanceof ServiceRefusedError && error.code === 'unknown-network') return 'allocator-away'
  return error instanceof ServiceUnavailableError ? 'allocator-away' : 'internal-error'
}

/**
 * While auth-service is away, a running connection goes on when its client shows the very token that this node last
 * pushed to it, until the session's end.
 */
function isKnownToken(body: AuthoriseRequest, current: ConnectionGrant): boolean {
  if (body.credential.kind !== 'session-token' || Date.now() >= Date.parse(current.sessionEndsAt)) return false
  const shown = Buffer.from(body.credential.token)
  const pushed = Buffer.from(current.sessionToken)
  return shown.length === pushed.length && timingSafeEqual(shown, pushed)
}

function authoriseBody(applicant: Applicant, deviceId: string): AuthoriseRequest | undefined {
  const { identity, path, request, answer, current } = applicant
  // The contract's bounds decide: what is longer than any password can be is told so at once.
  const body = authoriseRequest.safeParse({
    version: NODE_API_VERSION,
    phase: request.phase,
    ...(current === undefined ? {} : { connectionId: current.connectionId }),
    controlKey: identity.deviceId === undefined ? 'tenant' : 'device',
    tenantId: identity.tenantId,
    deviceId,
    certificate: {
      sha256: request.peer.certificateSha256,
      serial: request.peer.certificateSerial,
      commonName: request.peer.commonName,
    },
    username: request.username,
    credential: answer ?? parseCredential(request.password),
    dialogues: request.dialogues,
    remote: { transport: path.transport, address: path.remote.address, port: path.remote.port },
    peerInfo: boundedPeerInfo(request.peerInfo),
  })
  return body.success ? body.data : undefined
}

function boundedPeerInfo(peerInfo: PeerInfo): Record<string, string> {
  const lines = [...peerInfo].slice(0, MAX_PEER_INFO_LINES)
  return Object.fromEntries(lines.map(([name, value]) => [name.slice(0, 64), value.slice(0, 512)]))
}
