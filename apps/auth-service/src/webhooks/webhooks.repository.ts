import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession, type Webhook } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { createdAfter, ORDER_BY_CREATION } from '../http/by-creation.ts'
import { containing } from '../http/containing.ts'
import { PATIENCE_MS } from './retry-delay.ts'
import type { ListWebhooksQuery } from './webhooks.schemas.ts'

/** How many webhooks a tenant can have. */
export const MAX_WEBHOOKS = 10
/** An instance that stops without a word loses what it claimed after this time: several requests fit into it. */
const LEASE_SECONDS = 60

/** What a webhook is made of. */
export type NewWebhook = Pick<Webhook, 'tenantId' | 'id' | 'url' | 'sealedSecret' | 'actions'>
/** What may be changed of it. */
export type WebhookChange = Partial<
  Pick<
    Webhook,
    | ('url' | 'sealedSecret' | 'actions' | 'disabledAt' | 'failures' | 'failingSince' | 'lastError')
    | ('nextAttemptAt' | 'deliveredSequence')
  >
>

/** A webhook that this instance alone delivers to, as long as its lease is what the row says. */
export interface Claim {
  readonly tenantId: string
  readonly id: string
  readonly url: string
  readonly sealedSecret: Uint8Array
  readonly actions: readonly string[]
  readonly place: number
  readonly failures: number
  readonly lease: Date
}
type Claimed = Pick<Claim, 'tenantId' | 'id' | 'lease'>

/** What a failed delivery leaves behind. */
export interface FailedDelivery {
  readonly error: string
  readonly delayMs: number
  /** The receiver says that it will never want this again. */
  readonly isFinal: boolean
}

interface RawClaim {
  readonly id: string
  readonly url: string
  readonly sealed_secret: Uint8Array
  readonly actions: string[]
  readonly delivered_sequence: bigint
  readonly failures: number
  readonly next_attempt_at: Date
}

/**
 * Webhooks and how far each of them got. While an instance delivers, the next attempt's time is its lease; every change
 * of the row's state moves it, and whoever finds another time there has lost the webhook. Times are the database's.
 */
@Injectable()
export class WebhooksRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Gives the webhooks, the oldest first, one more than the limit. */
  list(tenantId: string, { search, after, limit }: ListWebhooksQuery): Promise<Webhook[]> {
    const named = search === undefined || search === '' ? [] : [{ url: containing(search) }]
    return this.#database.withTenant(tenantId, (session) =>
      session.webhook.findMany({
        where: { tenantId, AND: [...named, ...createdAfter(after)] },
        orderBy: ORDER_BY_CREATION,
        take: limit + 1,
      }),
    )
  }

  /** Throws the 404 when the tenant has no such webhook. */
  get(tenantId: string, id: string): Promise<Webhook> {
    return this.#database.withTenant(tenantId, (session) => getWebhook(session, tenantId, id))
  }

  /** Adds a webhook, which hears everything from its own creation on; throws the 409 when there are too many. */
  create(webhook: NewWebhook, entry: AuditEntry): Promise<Webhook> {
    const { tenantId } = webhook
    return this.#database.withTenant(tenantId, async (session) => {
      await session.$queryRaw`SELECT id FROM tenants WHERE id = ${tenantId}::uuid FOR NO KEY UPDATE`
      if ((await session.webhook.count({ where: { tenantId } })) >= MAX_WEBHOOKS) {
        const message = `There are ${String(MAX_WEBHOOKS)} webhooks already. Please delete one first.`
        throw new ApiProblem(409, 'too-many-webhooks', message)
      }
      const deliveredSequence = await headOf(session, tenantId)
      const data = { ...webhook, sealedSecret: Uint8Array.from(webhook.sealedSecret), deliveredSequence }
      const created = await session.webhook.create({ data })
      await recordAudit(session, tenantId, entry)
      return created
    })
  }

  /** Changes a webhook; with `skipMissed` it goes on with what happens from now on. */
  change(
    tenantId: string,
    id: string,
    change: WebhookChange,
    skipMissed: boolean,
    entry: AuditEntry,
  ): Promise<Webhook> {
    return this.#database.withTenant(tenantId, async (session) => {
      await getWebhook(session, tenantId, id)
      const skipped = skipMissed ? { deliveredSequence: await headOf(session, tenantId) } : {}
      const sealed = change.sealedSecret === undefined ? {} : { sealedSecret: Uint8Array.from(change.sealedSecret) }
      await session.webhook.updateMany({ where: { tenantId, id }, data: { ...change, ...skipped, ...sealed } })
      await recordAudit(session, tenantId, entry)
      return getWebhook(session, tenantId, id)
    })
  }

  async remove(tenantId: string, id: string, entry: AuditEntry): Promise<void> {
    await this.#database.withTenant(tenantId, async (session) => {
      const removed = await session.webhook.deleteMany({ where: { tenantId, id } })
      if (removed.count !== 1) throw notFound('webhook')
      await recordAudit(session, tenantId, entry)
    })
  }

  audit(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  /** Names the tenants of which a webhook has something to deliver now. */
  async tenantsWithWork(): Promise<string[]> {
    const rows = await this.#database.platform.$queryRaw<{ id: string }[]>`
      SELECT id::text FROM tenants_with_due_webhooks() AS due(id)`
    return rows.map(({ id }) => id)
  }

  /** Claims a webhook of the tenant that has something to deliver and that no other instance has. */
  async claim(tenantId: string): Promise<Claim | undefined> {
    const rows = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<RawClaim[]>`
        UPDATE webhooks SET next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS})
        WHERE tenant_id = ${tenantId}::uuid AND id = (
          SELECT id FROM webhooks
          WHERE tenant_id = ${tenantId}::uuid AND disabled_at IS NULL AND next_attempt_at <= now()
            AND delivered_sequence <
              (SELECT max(sequence) FROM audit_chain WHERE tenant_id = ${tenantId}::uuid)
          ORDER BY next_attempt_at LIMIT 1
          FOR UPDATE SKIP LOCKED
        )
        RETURNING id, url, sealed_secret, actions, delivered_sequence, failures, next_attempt_at`,
    )
    const row = rows[0]
    if (row === undefined) return undefined
    const { id, url, sealed_secret: sealedSecret, actions, failures, next_attempt_at: lease } = row
    return { tenantId, id, url, sealedSecret, actions, failures, lease, place: Number(row.delivered_sequence) }
  }

  /** Moves the place on and renews the lease; gives the new lease, or `undefined` when the webhook was lost. */
  async advance(claim: Claimed, place: number, wasReached: boolean): Promise<Date | undefined> {
    const { tenantId, id, lease } = claim
    const rows = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<{ next_attempt_at: Date }[]>`
        UPDATE webhooks SET delivered_sequence = ${place},
          next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS}),
          failures = CASE WHEN ${wasReached} THEN 0 ELSE failures END,
          failing_since = CASE WHEN ${wasReached} THEN NULL ELSE failing_since END,
          last_error = CASE WHEN ${wasReached} THEN NULL ELSE last_error END
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND disabled_at IS NULL
          AND next_attempt_at = ${lease.toISOString()}::timestamptz
        RETURNING next_attempt_at`,
    )
    return rows[0]?.next_attempt_at
  }

  /** Gives a claimed webhook back; whoever comes first may go on. */
  async release({ tenantId, id, lease }: Claimed): Promise<void> {
    await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw`
        UPDATE webhooks SET next_attempt_at = now()
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid
          AND next_attempt_at = ${lease.toISOString()}::timestamptz`,
    )
  }

  /** Notes a failure and when to try again; disables the webhook when it failed for too long, and says so. */
  async fail({ tenantId, id, lease }: Claimed, failed: FailedDelivery): Promise<'tried-again' | 'disabled' | 'lost'> {
    const { error, delayMs, isFinal } = failed
    return this.#database.withTenant(tenantId, async (session) => {
      const rows = await session.$queryRaw<{ disabled_at: Date | null; failures: number; failing_since: Date }[]>`
        UPDATE webhooks SET failures = failures + 1, last_error = ${error},
          failing_since = coalesce(failing_since, now()),
          next_attempt_at = now() + make_interval(secs => ${delayMs / 1000}),
          disabled_at = CASE
            WHEN ${isFinal} OR failing_since <= now() - make_interval(secs => ${PATIENCE_MS / 1000}) THEN now() END
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND disabled_at IS NULL
          AND next_attempt_at = ${lease.toISOString()}::timestamptz
        RETURNING disabled_at, failures, failing_since`
      const row = rows[0]
      if (row === undefined) return 'lost'
      if (row.disabled_at === null) return 'tried-again'
      const details = { error, failures: row.failures, failingSince: row.failing_since.toISOString() }
      const entry = { actor: 'service:auth-service', action: 'webhook.disable', target: `webhook:${id}`, details }
      await recordAudit(session, tenantId, entry)
      return 'disabled'
    })
  }
}

async function getWebhook(session: TenantSession, tenantId: string, id: string): Promise<Webhook> {
  const found = await session.webhook.findUnique({ where: { tenantId_id: { tenantId, id } } })
  if (found === null) throw notFound('webhook')
  return found
}

async function headOf(session: TenantSession, tenantId: string): Promise<bigint> {
  const last = await session.auditChainLink.findFirst({ where: { tenantId }, orderBy: { sequence: 'desc' } })
  return last?.sequence ?? 0n
}
