import { setTimeout as delay } from 'node:timers/promises'

import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { type Clock, describeError } from '@sallyport/foundation'
import { type Logger, Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { AuditRepository } from '../audit/audit.repository.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { DELIVERY_FAILURES, toldFailureOf } from './delivery-failure.ts'
import { retryDelayMs } from './retry-delay.ts'
import { hears, webhookEventOf } from './webhook-event.ts'
import { type Delivery, type WebhookConnection, WebhookSender } from './webhook-sender.ts'
import { WEBHOOK_SECRET, webhookHeaders } from './webhook-signature.ts'
import { type Claim, WebhooksRepository } from './webhooks.repository.ts'

const POLL_MS = 1000
/** With very many tenants, asking which of them have work may take at most a part of the time. */
const REST_FACTOR = 20
const AFTER_ERROR_MS = 5000
const AT_ONCE = 8
const PAGE_LINES = 200
/** After this time a webhook with a long backlog lets others go first. */
const TURN_MS = 20_000

const OUTCOMES = ['delivered', ...DELIVERY_FAILURES] as const

/**
 * Brings events to webhooks: each webhook gets its events one after another in the order of the chain, from one instance
 * at a time, at least once. The place up to which it got them is in the database, so that no restart loses any.
 */
@Injectable()
export class WebhookCourier implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #webhooks: WebhooksRepository
  readonly #audit: AuditRepository
  readonly #sender: WebhookSender
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock
  readonly #log: Logger
  readonly #outcomes: ReasonCounter<(typeof OUTCOMES)[number]>
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #loop: Promise<void> | undefined

  constructor(
    @Inject(WebhooksRepository) webhooks: WebhooksRepository,
    @Inject(AuditRepository) audit: AuditRepository,
    @Inject(WebhookSender) sender: WebhookSender,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
    @Inject(Metrics) metrics: Metrics,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#webhooks = webhooks
    this.#audit = audit
    this.#sender = sender
    this.#secrets = secrets
    this.#clock = clock
    this.#log = log
    this.#outcomes = metrics.reasonCounter('webhook_requests_total', 'Requests to webhooks by outcome.', OUTCOMES)
  }

  onApplicationBootstrap(): void {
    this.#loop = this.#run()
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stop.abort()
    await this.#loop
    await Promise.all(this.#underWay)
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const restMs = await this.#lookForWork().catch((error: unknown) => {
        this.#log.warn({ reason: describeError(error) }, 'webhooks cannot be served now; trying again')
        return AFTER_ERROR_MS
      })
      await delay(restMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
    }
  }

  /** Claims what is due as long as there is a free hand, tenants taking turns; says when to look again. */
  async #lookForWork(): Promise<number> {
    if (this.#underWay.size >= AT_ONCE) return POLL_MS
    const sinceMs = performance.now()
    let tenants = shuffled(await this.#webhooks.tenantsWithWork())
    const restMs = Math.max(POLL_MS, REST_FACTOR * (performance.now() - sinceMs))
    while (tenants.length > 0) {
      const withMore: string[] = []
      for (const tenantId of tenants) {
        if (this.#underWay.size >= AT_ONCE || this.#isStopped) return restMs
        const claim = await this.#webhooks.claim(tenantId)
        if (claim === undefined) continue
        withMore.push(tenantId)
        this.#begin(claim)
      }
      tenants = withMore
    }
    return restMs
  }

  #begin(claim: Claim): void {
    const { tenantId, id: webhookId } = claim
    const work = this.#serve(claim).catch((error: unknown) => {
      this.#log.warn({ tenantId, webhookId, reason: describeError(error) }, 'webhook cannot be served now')
    })
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  async #serve(claim: Claim): Promise<void> {
    const key = this.#secrets.open(WEBHOOK_SECRET, claim.id, claim.sealedSecret)
    using connection = this.#sender.to(claim.url, this.#stop.signal)
    try {
      const lease = await this.#deliverAll(claim, key, connection)
      if (lease !== undefined) await this.#webhooks.release({ ...claim, lease })
    } finally {
      key.fill(0)
    }
  }

  /** Delivers until nothing is left, the turn is over or something fails; gives the lease that is still to be given back. */
  async #deliverAll(claim: Claim, key: Uint8Array, connection: WebhookConnection): Promise<Date | undefined> {
    const endMs = performance.now() + TURN_MS
    let { place, lease } = claim
    for (;;) {
      const rows = await this.#audit.linksAfter(claim.tenantId, place, Number.MAX_SAFE_INTEGER, PAGE_LINES)
      if (rows.length === 0) return lease
      for (const row of rows) {
        const event = webhookEventOf(claim.tenantId, row)
        if (event === undefined || !hears(claim.actions, row.event?.action ?? '')) {
          place = row.sequence
          continue
        }
        const timestampSeconds = Math.floor(this.#clock.now() / 1000)
        const delivery = await connection.post(webhookHeaders(key, { ...event, timestampSeconds }), event.body)
        if (!delivery.delivered && this.#isStopped) return lease
        this.#outcomes.increment(delivery.delivered ? 'delivered' : delivery.failure)
        if (!delivery.delivered) {
          await this.#fail({ ...claim, lease }, place, delivery)
          return undefined
        }
        const next = await this.#webhooks.advance({ ...claim, lease }, row.sequence, true)
        if (next === undefined) return undefined
        ;[place, lease] = [row.sequence, next]
        if (this.#isStopped || performance.now() > endMs) return lease
      }
      const next = await this.#webhooks.advance({ ...claim, lease }, place, false)
      if (next === undefined) return undefined
      lease = next
    }
  }

  /** Keeps how far it got, and when to try again. */
  async #fail(
    claim: Claim,
    place: number,
    { failure, status, retryAfterMs = 0 }: Delivery & { readonly delivered: false },
  ): Promise<void> {
    const lease = await this.#webhooks.advance(claim, place, false)
    if (lease === undefined) return
    const { tenantId, id: webhookId, failures } = claim
    const told = toldFailureOf(failure)
    const error = status === undefined ? told : `${told} (HTTP ${String(status)})`
    const delayMs = retryDelayMs(failures + 1, Math.random(), retryAfterMs)
    const result = await this.#webhooks.fail({ ...claim, lease }, { error, delayMs, isFinal: failure === 'gone' })
    this.#log.info({ tenantId, webhookId, failure, status, result }, 'webhook not reached')
  }
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
