import type { Service } from '@sallyport/database'

import { NODE_AWAY_AFTER_MS } from '../connections/counted-connections.ts'
import type { NodeHealth, ServiceView } from './platform.schemas.ts'

/** Shows a service as the operator sees it. What a node told about its load is forgotten when it falls silent. */
export function serviceViewOf(service: Service, nowMs: number): ServiceView {
  const health = healthOf(service, nowMs)
  const isHeard = health === 'healthy' || health === 'draining'
  return {
    serviceId: service.id,
    role: service.role,
    name: service.name,
    slot: service.slot,
    draining: service.drainingAt !== null,
    revoked: service.revokedAt !== null,
    health,
    version: service.version,
    startedAt: service.startedAt?.toISOString() ?? null,
    connections: isHeard ? service.reportedConnections : null,
    capacity: service.capacity,
    cpuShare: isHeard ? service.cpuShare : null,
    certificateNotAfter: service.certificateNotAfter.toISOString(),
    lastSeenAt: service.lastSeenAt?.toISOString() ?? null,
    createdAt: service.createdAt.toISOString(),
  }
}

/** Only nodes call often enough that silence tells something. */
function healthOf({ role, revokedAt, lastSeenAt, drainingAt }: Service, nowMs: number): NodeHealth | null {
  if (revokedAt !== null) return 'revoked'
  if (role !== 'vpn-node') return null
  if (lastSeenAt === null) return 'never-seen'
  if (lastSeenAt.getTime() < nowMs - NODE_AWAY_AFTER_MS) return 'silent'
  return drainingAt === null ? 'healthy' : 'draining'
}
