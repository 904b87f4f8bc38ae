import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { REFUSAL_REASONS, type RefusalReason } from '../http/api-problem.ts'

const LEASE_EVENTS = ['granted', 'renewed', 'released', 'lapsed'] as const

/** What the allocator counts, and whether it can work. */
export class AllocatorMetrics {
  readonly registry = new Metrics()
  readonly leases: ReasonCounter<(typeof LEASE_EVENTS)[number]>
  readonly refusals: ReasonCounter<RefusalReason>
  readonly #isStoreReady: () => boolean

  constructor(isStoreReady: () => boolean) {
    this.#isStoreReady = isStoreReady
    this.leases = this.registry.reasonCounter(
      'allocator_lease_events_total',
      'Leases by what became of them.',
      LEASE_EVENTS,
    )
    this.refusals = this.registry.reasonCounter(
      'allocator_refusals_total',
      'Refused calls, renewals one by one, and refused TLS connections.',
      REFUSAL_REASONS,
    )
    this.registry.gauge('allocator_store_ready', '1 while Redis is connected.', () => (isStoreReady() ? 1 : 0))
  }

  /** Whether leases can be made. */
  get isReady(): boolean {
    return this.#isStoreReady()
  }
}
