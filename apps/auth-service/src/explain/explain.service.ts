import { Inject, Injectable } from '@nestjs/common'
import { NOT_EQUIPPED_MESSAGES } from '@sallyport/contracts'
import { type AuditEvent, Database } from '@sallyport/database'

import { readDetails } from '../audit/audit-details.ts'
import { connectionTarget, isNotEquipped } from '../connections/not-equipped.ts'
import { notFound } from '../http/api-problem.ts'
import { DENY_MESSAGES } from '../node-api/denials.ts'
import { SIGN_IN_MESSAGES } from '../sign-in/sign-in-outcomes.ts'
import { type AttemptDetails, attemptDetails, type AttemptsView, type AttemptView } from './explain.schemas.ts'
import { explanationOf, resultOf } from './explanations.ts'

const SHOWN = 20

const KINDS: Readonly<Record<string, AttemptView['kind']>> = {
  'portal.sign-in': 'portal-sign-in',
  'connection.authorise': 'connection',
  'connection.renegotiate': 'renegotiation',
}

/** What names a connection in the audit log. */
const TARGET = /^connection:([0-9a-f-]{36})$/

const PORTAL_MESSAGES: ReadonlyMap<string, string> = new Map(Object.entries(SIGN_IN_MESSAGES))
const VPN_MESSAGES: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...DENY_MESSAGES, ...NOT_EQUIPPED_MESSAGES }),
)

/** Tells of a user's last attempts from what was decided then, never from what would be decided now. */
@Injectable()
export class ExplainService {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Throws the 404 when the tenant has no such user. */
  async attempts(tenantId: string, userId: string): Promise<AttemptsView> {
    const { events, devices, connections } = await this.#database.withTenant(tenantId, async (session) => {
      const user = await session.user.findUnique({ where: { tenantId_id: { tenantId, id: userId } } })
      if (user === null) throw notFound('user')
      const events = await session.auditEvent.findMany({
        where: { tenantId, userId, action: { in: Object.keys(KINDS) } },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        // Each may have been allowed first and then refused by its node.
        take: 2 * SHOWN,
      })
      const devices = await session.device.findMany({ where: { tenantId, userId }, select: { id: true, name: true } })
      const ids = events.flatMap(({ target }) => TARGET.exec(target ?? '')?.[1] ?? [])
      const select = { id: true, network: { select: { name: true } }, service: { select: { name: true } } }
      const connections = await session.connection.findMany({ where: { tenantId, id: { in: ids } }, select })
      return { events, devices, connections }
    })
    const names = {
      devices: new Map(devices.map(({ id, name }) => [id, name])),
      connections: new Map(connections.map((connection) => [connectionTarget(connection.id), connection])),
    }
    const attempts = attemptsIn(events).slice(0, SHOWN)
    return { items: attempts.map((attempt) => attemptView(attempt, names)) }
  }
}

/** An attempt as it ended; `allowed` is what was decided before its node refused it. */
interface Attempt {
  readonly event: AuditEvent
  readonly allowed: AuditEvent | undefined
}

interface Names {
  readonly devices: ReadonlyMap<string, string>
  readonly connections: ReadonlyMap<string, { network: { name: string }; service: { name: string } }>
}

/** Makes one attempt of what was allowed and then refused by its node. */
function attemptsIn(events: readonly AuditEvent[]): Attempt[] {
  const isRefused = ({ target, outcome }: AuditEvent): boolean => target !== null && isNotEquipped(outcome)
  const refused = new Set(events.filter(isRefused).map(({ target }) => target))
  const isOvertaken = ({ target, outcome }: AuditEvent): boolean => outcome === 'ok' && refused.has(target)
  const allowed = new Map(events.filter(isOvertaken).map((event) => [event.target, event]))
  return events.flatMap((event) =>
    isOvertaken(event) ? [] : [{ event, allowed: isRefused(event) ? allowed.get(event.target) : undefined }],
  )
}

function attemptView({ event, allowed }: Attempt, names: Names): AttemptView {
  const { id: eventId, at, action, outcome, actor, target } = event
  const { source, deviceId, ...own } = detailsOf(event)
  const before = allowed === undefined ? undefined : detailsOf(allowed)
  const { country, client } = before ?? own
  const checks = [...(before?.checks ?? []), ...own.checks]
  const connection = names.connections.get(target ?? '')
  const failed = checks.findLast((check) => check.outcome === 'failed')?.check
  const device = deviceId ?? /^device:(.*)$/.exec(actor)?.[1]
  return {
    ...{ eventId, at: at.toISOString(), kind: KINDS[action] ?? 'connection', result: resultOf(outcome), outcome },
    explanation: explanationOf(outcome, failed),
    message: messageOf(action, outcome),
    ...{ source, country, client, checks },
    device: device === undefined ? null : { deviceId: device, name: names.devices.get(device) ?? null },
    network: connection?.network.name ?? null,
    node: connection?.service.name ?? null,
  }
}

function detailsOf({ details }: AuditEvent): AttemptDetails {
  const read = attemptDetails.safeParse(readDetails(details) ?? {})
  return read.success ? read.data : attemptDetails.parse({})
}

function messageOf(action: string, outcome: string): string | null {
  return (action === 'portal.sign-in' ? PORTAL_MESSAGES : VPN_MESSAGES).get(outcome) ?? null
}
