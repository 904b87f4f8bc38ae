import { Inject, Injectable } from '@nestjs/common'
import { type AuditEvent, Database } from '@sallyport/database'

import { readDetails } from '../audit/audit-details.ts'
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

const PORTAL_MESSAGES: ReadonlyMap<string, string> = new Map(Object.entries(SIGN_IN_MESSAGES))
const VPN_MESSAGES: ReadonlyMap<string, string> = new Map(Object.entries(DENY_MESSAGES))

/** Tells of a user's last attempts from what was decided then, never from what would be decided now. */
@Injectable()
export class ExplainService {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Throws the 404 when the tenant has no such user. */
  async attempts(tenantId: string, userId: string): Promise<AttemptsView> {
    const { events, devices } = await this.#database.withTenant(tenantId, async (session) => {
      const user = await session.user.findUnique({ where: { tenantId_id: { tenantId, id: userId } } })
      if (user === null) throw notFound('user')
      const events = await session.auditEvent.findMany({
        where: { tenantId, userId, action: { in: Object.keys(KINDS) } },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: SHOWN,
      })
      const devices = await session.device.findMany({ where: { tenantId, userId }, select: { id: true, name: true } })
      return { events, devices }
    })
    const names = new Map(devices.map(({ id, name }) => [id, name]))
    return { items: events.map((event) => attemptView(event, names)) }
  }
}

function attemptView(event: AuditEvent, names: ReadonlyMap<string, string>): AttemptView {
  const { id: eventId, at, action, outcome, actor } = event
  const { source, country, client, checks, deviceId } = detailsOf(event)
  const failed = checks.findLast((check) => check.outcome === 'failed')?.check
  const device = deviceId ?? /^device:(.*)$/.exec(actor)?.[1]
  return {
    ...{ eventId, at: at.toISOString(), kind: KINDS[action] ?? 'connection', result: resultOf(outcome), outcome },
    explanation: explanationOf(outcome, failed),
    message: messageOf(action, outcome),
    ...{ source, country, client, checks },
    device: device === undefined ? null : { deviceId: device, name: names.get(device) ?? null },
  }
}

function detailsOf({ details }: AuditEvent): AttemptDetails {
  const read = attemptDetails.safeParse(readDetails(details) ?? {})
  return read.success ? read.data : attemptDetails.parse({})
}

function messageOf(action: string, outcome: string): string | null {
  return (action === 'portal.sign-in' ? PORTAL_MESSAGES : VPN_MESSAGES).get(outcome) ?? null
}
