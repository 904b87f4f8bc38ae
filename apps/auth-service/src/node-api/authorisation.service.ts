import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import {
  type AuthoriseRequest,
  type AuthoriseResponse,
  type Challenge,
  DENY_CODES,
  type DenyCode,
} from '@sallyport/contracts'
import { type Logger, Metrics, type ReasonCounter } from '@sallyport/telemetry'

import type { AuditEntry } from '../audit/audit-log.ts'
import { ConnectionsRepository } from '../connections/connections.repository.ts'
import type { DeviceWithOwners } from '../devices/devices.repository.ts'
import { RenewedCertificates } from '../devices/renewed-certificates.ts'
import { Geoip } from '../geoip/geoip.ts'
import { isTemporary } from '../http/api-error.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { LOGGER } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { AuthorisationFacts, type StoredFacts } from './authorisation-facts.ts'
import { grantOf } from './connection-grant.ts'
import { type AttemptCheck, CredentialCheck, type CredentialResult } from './credential-check.ts'
import { type Denial, denial } from './denials.ts'
import { wholeSeconds } from './session-end-orders.ts'

const OUTCOMES = ['allow', 'challenge', ...DENY_CODES, 'temporarily-unavailable'] as const

/** What came of an attempt, for the audit log; `userId` once the device is known. */
interface Outcome {
  readonly code: string
  readonly checks: readonly AttemptCheck[]
  readonly userId?: string
}

/** Decides whether a VPN connection may come in or go on. Every decision is counted by its code, and audited unless it only repeats. */
@Injectable()
export class AuthorisationService {
  readonly #facts: AuthorisationFacts
  readonly #tenants: TenantsRepository
  readonly #connections: ConnectionsRepository
  readonly #credentials: CredentialCheck
  readonly #renewed: RenewedCertificates
  readonly #geoip: Geoip
  readonly #log: Logger
  readonly #outcomes: ReasonCounter<(typeof OUTCOMES)[number]>

  constructor(
    @Inject(AuthorisationFacts) facts: AuthorisationFacts,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(CredentialCheck) credentials: CredentialCheck,
    @Inject(RenewedCertificates) renewed: RenewedCertificates,
    @Inject(Geoip) geoip: Geoip,
    @Inject(Metrics) metrics: Metrics,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#facts = facts
    this.#tenants = tenants
    this.#connections = connections
    this.#credentials = credentials
    this.#renewed = renewed
    this.#geoip = geoip
    this.#log = log
    this.#outcomes = metrics.reasonCounter('vpn_authorisations_total', 'Decisions on VPN connections.', OUTCOMES)
  }

  async decide(serviceId: string, request: AuthoriseRequest): Promise<AuthoriseResponse> {
    try {
      const answer = await this.#decide(serviceId, request)
      this.#outcomes.increment(answer.decision === 'deny' ? answer.code : answer.decision)
      return answer
    } catch (error) {
      if (isTemporary(error)) this.#outcomes.increment('temporarily-unavailable')
      throw error
    }
  }

  async #decide(serviceId: string, request: AuthoriseRequest): Promise<AuthoriseResponse> {
    if (request.phase === 'renegotiation' && request.connectionId === undefined) {
      throw new ApiProblem(400, 'bad-request', 'A renegotiation names its connection.')
    }
    const goesOn = request.phase === 'renegotiation' ? request.connectionId : undefined
    const stored = await this.#facts.load(request.tenantId, request.deviceId, goesOn)
    if (stored === undefined) return this.#denyUnknownDevice(request)
    const { userId } = stored.device
    const problem = deviceProblem(stored.device, request)
    if (problem !== undefined) {
      return this.#deny(request, {
        code: problem,
        checks: [{ check: 'device', outcome: 'failed', detail: problem }],
        userId,
      })
    }
    const result = await this.#credentials.check(stored, { ...request, serviceId })
    const { checks } = result
    if ('code' in result) return this.#deny(request, { code: result.code, checks, userId }, result.isNews)
    if ('challenge' in result) return this.#challenge(request, result.challenge, { checks, userId }, result.isNews)
    return this.#allow(serviceId, request, stored, result)
  }

  async #allow(
    serviceId: string,
    request: AuthoriseRequest,
    stored: StoredFacts,
    result: Extract<CredentialResult, { allow: unknown }>,
  ): Promise<AuthoriseResponse> {
    const { allow, login, proven, atMs, checks } = result
    const { device } = stored
    const endsAt = wholeSeconds(allow.sessionEndsAtMs)
    const entry = this.#entryOf(request, { code: 'ok', checks, userId: device.userId })
    const { address } = request.remote
    const proof =
      proven === undefined ? {} : { proof: { method: proven, address, country: this.#geoip.countryOf(address) } }
    const { connectionLimit } = stored.policy
    const { sessionId: loginId, initialMs } = login
    const terms = {
      now: new Date(atMs),
      loginId,
      loginStartedAt: new Date(initialMs),
      endsAt,
      connectionLimit,
      ...proof,
      entry,
    }
    const connectionId = await this.#connectionOf(serviceId, device, request, terms)
    if (connectionId === undefined) {
      const code = await this.#problemNow(request)
      return this.#deny(request, {
        code,
        checks: [...checks, { check: 'changed', outcome: 'failed' }],
        userId: device.userId,
      })
    }
    if (request.certificate.sha256 === device.certificateSha256) await this.#renewed.endPrevious(device, connectionId)
    const sessionToken = this.#credentials.issueToken(stored, request, result)
    return { decision: 'allow', grant: grantOf(stored, { connectionId, sessionToken, endsAt }) }
  }

  /** Starts a connection, or finds the one that is renegotiated; `undefined` when it ended or its terms changed. */
  async #connectionOf(
    serviceId: string,
    device: DeviceWithOwners,
    request: AuthoriseRequest,
    terms: Parameters<ConnectionsRepository['start']>[2],
  ): Promise<string | undefined> {
    const { controlKey, remote, connectionId } = request
    const shown = { ...device, certificateSha256: request.certificate.sha256 }
    if (connectionId !== undefined && request.phase === 'renegotiation') {
      const goesOn = await this.#connections.goOn(shown, { id: connectionId, serviceId, controlKey }, terms)
      return goesOn ? connectionId : undefined
    }
    const { tenantId, userId, networkId, id: deviceId } = device
    const { transport, address: remoteAddress, port: remotePort } = remote
    const id = randomUUID()
    const of = { tenantId, id, userId, deviceId, networkId, serviceId }
    const connection = { ...of, controlKey, transport, remoteAddress, remotePort }
    return (await this.#connections.start(shown, connection, terms)) ? id : undefined
  }

  /** What changed while the credential was checked. */
  async #problemNow(request: AuthoriseRequest): Promise<DenyCode> {
    const stored = await this.#facts.load(request.tenantId, request.deviceId)
    if (stored === undefined) return 'unknown-device'
    const { user } = stored.device
    const problem = deviceProblem(stored.device, request)
    if (problem !== undefined) return problem
    if (user.disabledAt !== null) return 'user-disabled'
    const { connectionLimit } = stored.policy
    if (connectionLimit !== null && stored.openConnections >= connectionLimit) return 'too-many-connections'
    return user.oneTimePassword ? 'password-change-required' : 'token-invalid'
  }

  /** Every decision is counted; one that only repeats another is not written down again. */
  async #deny(
    request: AuthoriseRequest,
    outcome: Outcome & { code: Denial },
    isNews = true,
  ): Promise<AuthoriseResponse> {
    const { code } = outcome
    if (!isNews) return denial(code)
    this.#log.info({ tenantId: request.tenantId, deviceId: request.deviceId, code }, 'connection denied')
    await this.#connections.audit(request.tenantId, this.#entryOf(request, outcome))
    return denial(code)
  }

  async #challenge(
    request: AuthoriseRequest,
    challenge: Challenge,
    outcome: Omit<Outcome, 'code'>,
    isNews: boolean,
  ): Promise<AuthoriseResponse> {
    const code = `challenge-${challenge.method}`
    if (isNews) await this.#connections.audit(request.tenantId, this.#entryOf(request, { ...outcome, code }))
    return challenge
  }

  /** A tenant that does not exist has no audit log; the counter and the log line remain. */
  async #denyUnknownDevice(request: AuthoriseRequest): Promise<AuthoriseResponse> {
    const tenant = await this.#tenants.find(request.tenantId)
    const checks = [{ check: 'device', outcome: 'failed', detail: 'unknown-device' }] as const
    if (tenant !== null) {
      return this.#deny(request, { code: tenant.suspendedAt === null ? 'unknown-device' : 'tenant-suspended', checks })
    }
    this.#log.info({ tenantId: request.tenantId, code: 'unknown-device' }, 'connection denied: unknown tenant')
    return denial('unknown-device')
  }

  #entryOf(request: AuthoriseRequest, { code, checks, userId }: Outcome): AuditEntry {
    const { deviceId, remote, peerInfo } = request
    const country = this.#geoip.countryOf(remote.address)
    const client = [peerInfo['IV_GUI_VER'] ?? peerInfo['IV_VER'], peerInfo['IV_PLAT']].filter(
      (part) => part !== undefined,
    )
    return {
      actor: `device:${deviceId}`,
      action: request.phase === 'initial' ? 'connection.authorise' : 'connection.renegotiate',
      outcome: code,
      ...(userId === undefined ? {} : { userId }),
      details: {
        checks,
        source: remote.address,
        transport: remote.transport,
        ...(country === null ? {} : { country }),
        deviceId,
        ...(client.length === 0 ? {} : { client: client.join(' ') }),
      },
    }
  }
}

function deviceProblem(device: DeviceWithOwners, request: AuthoriseRequest): DenyCode | undefined {
  if (device.tenant.suspendedAt !== null) return 'tenant-suspended'
  if (request.controlKey === 'tenant' && device.tenant.legacyClients === 'off') return 'profile-too-old'
  if (device.revokedAt !== null) return 'device-revoked'
  if (device.authority.state === 'retired') return 'certificate-mismatch'
  const good = [device.certificateSha256, device.previousCertificateSha256]
  return good.includes(request.certificate.sha256) ? undefined : 'certificate-mismatch'
}
