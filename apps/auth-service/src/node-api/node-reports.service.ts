import { Inject, Injectable } from '@nestjs/common'
import { parseCertificateRequest } from '@sallyport/certificate-authority'
import type {
  ConnectionReport,
  HandshakeKeys,
  NodeNetwork,
  ServerCertificateResponse,
  SessionEndsResponse,
  SyncResponse,
  TenantList,
} from '@sallyport/contracts'
import type { Clock } from '@sallyport/foundation'

import type { AuditEntry } from '../audit/audit-log.ts'
import { ConnectionsRepository } from '../connections/connections.repository.ts'
import { CookieKeys } from '../handshake-keys/cookie-keys.ts'
import { StaticKeys } from '../handshake-keys/static-keys.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { nodeNetworkOf } from '../networks/node-network.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { vpnServerName } from '../tenants/vpn-server-name.ts'
import { endingOf, ENDINGS } from './ending.ts'

const SERVER_CERTIFICATE_SECONDS = 7 * 24 * 3600
/** A connection that its node does not know this long after it was allowed was lost with an earlier process. */
const LOST_AFTER_MS = 60_000

/** What nodes ask and tell beside authorisation. */
@Injectable()
export class NodeReportsService {
  readonly #connections: ConnectionsRepository
  readonly #tenants: TenantsRepository
  readonly #authority: TenantAuthority
  readonly #cookieKeys: CookieKeys
  readonly #staticKeys: StaticKeys
  readonly #clock: Clock

  constructor(
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(CookieKeys) cookieKeys: CookieKeys,
    @Inject(StaticKeys) staticKeys: StaticKeys,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#connections = connections
    this.#tenants = tenants
    this.#authority = authority
    this.#cookieKeys = cookieKeys
    this.#staticKeys = staticKeys
    this.#clock = clock
  }

  async tenants(): Promise<TenantList> {
    const tenants = await this.#tenants.listActive()
    return { tenants: tenants.map(({ id, slug, authorityVersion }) => ({ tenantId: id, slug, authorityVersion })) }
  }

  async handshakeKeys(): Promise<HandshakeKeys> {
    const [cookieKeys, staticKeys] = await Promise.all([this.#cookieKeys.served(), this.#staticKeys.served()])
    return { cookieKeys, staticKeys }
  }

  /** Signs the certificate that a node shows to one tenant's clients; its name is ours to choose. */
  async serverCertificate(tenantId: string, csr: string): Promise<ServerCertificateResponse> {
    const tenant = await this.#tenants.find(tenantId)
    if (tenant === null || tenant.suspendedAt !== null) throw notFound('tenant')
    const request = await parseCertificateRequest(csr)
    if (request.result === 'refused') throw new ApiProblem(400, 'bad-csr', request.message)
    const { server, deviceCaPem, authorityVersion } = await this.#authority.of(tenant)
    const certificate = await server.issuer.issue({
      publicKey: request.publicKey,
      subject: { profile: 'vpn-server', serverName: vpnServerName(tenant.slug) },
      nowMs: this.#clock.now(),
      lifetimeSeconds: SERVER_CERTIFICATE_SECONDS,
    })
    return {
      certificate: certificate.certificatePem,
      tenantCa: deviceCaPem,
      authorityVersion,
      notAfter: certificate.notAfter.toISOString(),
    }
  }

  /** Takes reports in their order. Told twice, or about a connection that is gone or another node's, changes nothing. */
  async take(serviceId: string, reports: readonly ConnectionReport[]): Promise<void> {
    for (const report of reports) {
      const { connectionId } = report
      const tenantId = await this.#connections.tenantOf(serviceId, connectionId)
      if (tenantId === undefined) continue
      if (report.type === 'captured') await this.#connections.audit(tenantId, captureEntry(serviceId, report))
      else await this.#connections.change(tenantId, connectionId, this.#changeOf(report))
    }
  }

  /** Compares what a node carries with what it may carry; what it lost is marked as ended. */
  async sync(serviceId: string, connectionIds: readonly string[]): Promise<SyncResponse> {
    const carried = new Set(connectionIds)
    const live = await this.#connections.liveOf(serviceId)
    const known = new Set(live.map(({ connectionId }) => connectionId))
    const end: SyncResponse['end'] = connectionIds
      .filter((connectionId) => !known.has(connectionId))
      .map((connectionId) => ({ connectionId, ...ENDINGS.unknownConnection }))
    const networks = new Map<string, NodeNetwork>()
    for (const tenantId of new Set(live.map((connection) => connection.tenantId))) {
      for (const connection of await this.#connections.liveWithStates(tenantId, serviceId)) {
        const ending = endingOf(connection)
        networks.set(connection.network.id, nodeNetworkOf(connection.network))
        if (!carried.has(connection.id)) await this.#endWhenLost(connection)
        else if (ending !== undefined) end.push({ connectionId: connection.id, ...ending })
      }
    }
    return { end, networks: [...networks.values()] }
  }

  /** Tells when the logins of connections that this node carries end; of others it tells nothing. */
  async sessionEnds(serviceId: string, connectionIds: readonly string[]): Promise<SessionEndsResponse> {
    const ends = await this.#connections.endsOf(serviceId, connectionIds)
    return {
      ends: ends.flatMap(({ id: connectionId, endsAt }) =>
        endsAt === null ? [] : [{ connectionId, sessionEndsAt: endsAt.toISOString() }],
      ),
    }
  }

  async #endWhenLost(connection: { tenantId: string; id: string; authorisedAt: Date }): Promise<void> {
    if (this.#clock.now() - connection.authorisedAt.getTime() < LOST_AFTER_MS) return
    await this.#connections.change(connection.tenantId, connection.id, { endedAt: this.#now(), endReason: 'node-lost' })
  }

  #changeOf(report: Exclude<ConnectionReport, { type: 'captured' }>): Parameters<ConnectionsRepository['change']>[2] {
    if (report.type === 'established') {
      const { ipv4, ipv6, cipher } = report
      return { ipv4, ipv6, cipher, establishedAt: this.#now() }
    }
    return {
      endedAt: this.#now(),
      endReason: report.reason,
      receivedBytes: BigInt(report.receivedBytes),
      sentBytes: BigInt(report.sentBytes),
    }
  }

  #now(): Date {
    return new Date(this.#clock.now())
  }
}

function captureEntry(serviceId: string, report: ConnectionReport & { type: 'captured' }): AuditEntry {
  const { connectionId, captureId, outcome, packets, missed } = report
  return {
    actor: `service:${serviceId}`,
    action: 'connection.captured',
    target: `connection:${connectionId}`,
    outcome: outcome === 'finished' ? 'ok' : outcome,
    details: { captureId, packets, missed },
  }
}
