import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import {
  type AuthoriseRequest,
  type AuthoriseResponse,
  type Challenge,
  type ConnectionGrant,
  DENY_CODES,
  type DenyCode,
} from '@sallyport/contracts'
import type { Tenant } from '@sallyport/database'
import { type Logger, Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { ConnectionsRepository } from '../connections/connections.repository.ts'
import { DevicesRepository, type DeviceWithOwners } from '../devices/devices.repository.ts'
import { isTemporary } from '../http/api-error.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { nodeNetworkOf } from '../networks/node-network.ts'
import { LOGGER } from '../runtime/tokens.ts'
import { settingsOf } from '../tenants/tenant-settings.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { CredentialCheck, userProblem } from './credential-check.ts'
import { denial } from './denials.ts'

const OUTCOMES = ['allow', 'challenge', ...DENY_CODES, 'temporarily-unavailable'] as const

/** Decides whether a VPN connection may come in or go on. Every decision is counted by its code, and audited unless it only repeats. */
@Injectable()
export class AuthorisationService {
  readonly #devices: DevicesRepository
  readonly #tenants: TenantsRepository
  readonly #connections: ConnectionsRepository
  readonly #credentials: CredentialCheck
  readonly #log: Logger
  readonly #outcomes: ReasonCounter<(typeof OUTCOMES)[number]>

  constructor(
    @Inject(DevicesRepository) devices: DevicesRepository,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(CredentialCheck) credentials: CredentialCheck,
    @Inject(Metrics) metrics: Metrics,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#devices = devices
    this.#tenants = tenants
    this.#connections = connections
    this.#credentials = credentials
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
    const device = await this.#devices.find(request.tenantId, request.deviceId)
    if (device === null) return this.#denyUnknownDevice(request)
    const problem = deviceProblem(device, request)
    if (problem !== undefined) return this.#deny(request, problem)
    const checked = await this.#credentials.check(device, serviceId, request)
    if ('code' in checked) return this.#deny(request, checked.code, checked.isNews)
    if ('challenge' in checked) return this.#challenge(request, checked.challenge, checked.isNews)

    const connectionId = await this.#connectionOf(serviceId, device, request)
    if (connectionId === undefined) return this.#deny(request, await this.#problemNow(request))
    const { token, initialMs } = this.#credentials.issueToken(device, checked.previous)
    const { tenant, user, network } = device
    return {
      decision: 'allow',
      grant: {
        connectionId,
        userId: user.id,
        username: user.username,
        deviceId: device.id,
        network: nodeNetworkOf(network),
        sessionToken: token,
        sessionEndsAt: new Date(initialMs + tenant.sessionTokenSeconds * 1000).toISOString(),
        keepalive: { pingSeconds: tenant.pingSeconds, pingRestartSeconds: tenant.pingRestartSeconds },
        ...keyTermsOf(tenant),
      },
    }
  }

  /** Starts a connection, or finds the one that is renegotiated; `undefined` when it ended or its terms changed. */
  async #connectionOf(
    serviceId: string,
    device: DeviceWithOwners,
    request: AuthoriseRequest,
  ): Promise<string | undefined> {
    const entry = entryOf(request, 'ok')
    if (request.connectionId !== undefined && request.phase === 'renegotiation') {
      const goesOn = await this.#connections.goOn(device, request.connectionId, serviceId, request.controlKey, entry)
      return goesOn ? request.connectionId : undefined
    }
    const { tenantId, userId, networkId, id: deviceId } = device
    const { controlKey, remote } = request
    const { transport, address: remoteAddress, port: remotePort } = remote
    const id = randomUUID()
    const of = { tenantId, id, userId, deviceId, networkId, serviceId }
    const connection = { ...of, controlKey, transport, remoteAddress, remotePort }
    return (await this.#connections.start(device, connection, entry)) ? id : undefined
  }

  /** What changed while the credential was checked. */
  async #problemNow(request: AuthoriseRequest): Promise<DenyCode> {
    const device = await this.#devices.find(request.tenantId, request.deviceId)
    if (device === null) return 'unknown-device'
    return deviceProblem(device, request) ?? userProblem(device.user) ?? 'token-invalid'
  }

  /** Every decision is counted; one that only repeats another is not written down again. */
  async #deny(request: AuthoriseRequest, code: DenyCode, isNews = true): Promise<AuthoriseResponse> {
    if (!isNews) return denial(code)
    this.#log.info({ tenantId: request.tenantId, deviceId: request.deviceId, code }, 'connection denied')
    await this.#connections.audit(request.tenantId, entryOf(request, code))
    return denial(code)
  }

  async #challenge(request: AuthoriseRequest, challenge: Challenge, isNews: boolean): Promise<AuthoriseResponse> {
    if (isNews) await this.#connections.audit(request.tenantId, entryOf(request, `challenge-${challenge.method}`))
    return challenge
  }

  /** A tenant that does not exist has no audit log; the counter and the log line remain. */
  async #denyUnknownDevice(request: AuthoriseRequest): Promise<AuthoriseResponse> {
    const tenant = await this.#tenants.find(request.tenantId)
    if (tenant !== null) return this.#deny(request, tenant.suspendedAt === null ? 'unknown-device' : 'tenant-suspended')
    this.#log.info({ tenantId: request.tenantId, code: 'unknown-device' }, 'connection denied: unknown tenant')
    return denial('unknown-device')
  }
}

function deviceProblem(device: DeviceWithOwners, request: AuthoriseRequest): DenyCode | undefined {
  if (device.tenant.suspendedAt !== null) return 'tenant-suspended'
  if (request.controlKey === 'tenant' && device.tenant.legacyClients === 'off') return 'profile-too-old'
  if (device.revokedAt !== null) return 'device-revoked'
  return device.certificateSha256 === request.certificate.sha256 ? undefined : 'certificate-mismatch'
}

function keyTermsOf(
  tenant: Tenant,
): Pick<ConnectionGrant, 'renegotiateAfterSeconds' | 'keyLimitBytes' | 'keyLimitPackets'> {
  const { renegotiateSeconds: renegotiateAfterSeconds, keyLimitBytes, keyLimitPackets } = settingsOf(tenant)
  return { renegotiateAfterSeconds, keyLimitBytes, keyLimitPackets }
}

function entryOf(request: AuthoriseRequest, outcome: string) {
  const action = request.phase === 'initial' ? 'connection.authorise' : 'connection.renegotiate'
  return { actor: `device:${request.deviceId}`, action, outcome }
}
