import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Webhook } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import type { AuditEntry } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { creationOf } from '../http/by-creation.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { toldFailureOf } from './delivery-failure.ts'
import { testEventOf } from './webhook-event.ts'
import { WebhookSender } from './webhook-sender.ts'
import { createWebhookKey, WEBHOOK_SECRET, webhookHeaders, webhookSecretText } from './webhook-signature.ts'
import { WebhookTarget } from './webhook-target.ts'
import { MAX_WEBHOOKS, type WebhookChange, WebhooksRepository } from './webhooks.repository.ts'
import type {
  ChangedWebhook,
  ChangeWebhookRequest,
  CreatedWebhook,
  CreateWebhookRequest,
  ListWebhooksQuery,
  WebhookTest,
  WebhookView,
} from './webhooks.schemas.ts'

/** Managing the webhooks of the caller's tenant. */
@Injectable()
export class WebhooksService {
  readonly #webhooks: WebhooksRepository
  readonly #target: WebhookTarget
  readonly #sender: WebhookSender
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock

  constructor(
    @Inject(WebhooksRepository) webhooks: WebhooksRepository,
    @Inject(WebhookTarget) target: WebhookTarget,
    @Inject(WebhookSender) sender: WebhookSender,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#webhooks = webhooks
    this.#target = target
    this.#sender = sender
    this.#secrets = secrets
    this.#clock = clock
  }

  async list({ tenantId, permissions }: Actor, query: ListWebhooksQuery): Promise<Page<WebhookView>> {
    if (permissions.has('webhooks.write')) {
      const rows = await this.#webhooks.list(tenantId, query)
      return mapPage(pageOf(rows, query.limit, creationOf), webhookView)
    }
    const { search = '', ...rest } = query
    const all = await this.#webhooks.list(tenantId, { ...rest, limit: MAX_WEBHOOKS })
    // What they are not shown they cannot search either.
    const rows = all.map(withOriginOnly).filter(({ url }) => url.includes(search.toLowerCase()))
    return mapPage(pageOf(rows, query.limit, creationOf), webhookView)
  }

  async create(actor: Actor, { url, actions }: CreateWebhookRequest): Promise<CreatedWebhook> {
    const { tenantId } = actor
    const id = randomUUID()
    const { secret, sealedSecret } = this.#newSecret(id)
    const webhook = { tenantId, id, url: this.#goodUrl(url), sealedSecret, actions: [...actions] }
    const created = await this.#webhooks.create(webhook, entryOf(actor, 'webhook.create', id))
    return { ...webhookView(created), secret }
  }

  async change(actor: Actor, id: string, request: ChangeWebhookRequest): Promise<ChangedWebhook> {
    const { url, actions, disabled, newSecret, skipMissed } = request
    const made = newSecret === undefined ? undefined : this.#newSecret(id)
    const change: WebhookChange = {
      ...(url === undefined ? {} : { url: this.#goodUrl(url) }),
      ...(actions === undefined ? {} : { actions: [...actions] }),
      ...(made === undefined ? {} : { sealedSecret: made.sealedSecret }),
      ...(disabled === undefined ? {} : { disabledAt: disabled ? new Date(this.#clock.now()) : null }),
      // What was wrong may be right now, and whoever delivers by the old terms loses the webhook here.
      ...{ failures: 0, failingSince: null, lastError: null, nextAttemptAt: new Date(this.#clock.now()) },
    }
    const entry = entryOf(actor, 'webhook.change', id, { changed: Object.keys(request) })
    const changed = await this.#webhooks.change(actor.tenantId, id, change, skipMissed === true, entry)
    return { ...webhookView(changed), ...(made === undefined ? {} : { secret: made.secret }) }
  }

  remove(actor: Actor, id: string): Promise<void> {
    return this.#webhooks.remove(actor.tenantId, id, entryOf(actor, 'webhook.delete', id))
  }

  /** Sends an event that did not happen, once, and says what became of it; also to a disabled webhook. */
  async test(actor: Actor, id: string): Promise<WebhookTest> {
    const { tenantId } = actor
    const { url, sealedSecret } = await this.#webhooks.get(tenantId, id)
    const sinceMs = performance.now()
    const now = this.#clock.now()
    const event = testEventOf(tenantId, randomUUID(), new Date(now))
    const key = this.#secrets.open(WEBHOOK_SECRET, id, sealedSecret)
    const headers = webhookHeaders(key, { ...event, timestampSeconds: Math.floor(now / 1000) })
    key.fill(0)
    using connection = this.#sender.to(url)
    const delivery = await connection.post(headers, event.body)
    const failure = delivery.delivered ? null : toldFailureOf(delivery.failure)
    await this.#webhooks.audit(tenantId, { ...entryOf(actor, 'webhook.test', id), outcome: failure ?? 'ok' })
    const milliseconds = Math.round(performance.now() - sinceMs)
    return { delivered: delivery.delivered, status: delivery.status ?? null, failure, milliseconds }
  }

  #newSecret(id: string): { secret: string; sealedSecret: Uint8Array<ArrayBuffer> } {
    const key = createWebhookKey()
    const secret = webhookSecretText(key)
    const sealedSecret = this.#secrets.seal(WEBHOOK_SECRET, id, key)
    key.fill(0)
    return { secret, sealedSecret }
  }

  #goodUrl(text: string): string {
    const message = this.#target.problemOf(text)
    if (message === undefined) return new URL(text).href
    throw new ApiProblem(400, 'bad-request', `The URL ${message}.`, [{ path: 'url', message }])
  }
}

function entryOf(actor: Actor, action: string, id: string, details?: AuditEntry['details']): AuditEntry {
  const entry = { actor: actor.auditName, action, target: `webhook:${id}` }
  return details === undefined ? entry : { ...entry, details }
}

/** Leaves of the URL what says who hears: many receivers know a sender by a token in the path or the query. */
function withOriginOnly(webhook: Webhook): Webhook {
  return { ...webhook, url: new URL(webhook.url).origin }
}

function webhookView(webhook: Webhook): WebhookView {
  const { id: webhookId, url, actions, disabledAt, failures, failingSince, lastError } = webhook
  const state = disabledAt !== null ? 'disabled' : failures > 0 ? 'failing' : 'working'
  return {
    ...{ webhookId, url, actions, state, failures, lastError },
    deliveredSequence: Number(webhook.deliveredSequence),
    failingSince: failingSince?.toISOString() ?? null,
    nextAttemptAt: state === 'failing' ? webhook.nextAttemptAt.toISOString() : null,
    createdAt: webhook.createdAt.toISOString(),
  }
}
