import type { NodeOrder } from '@sallyport/contracts'

export type RevocationOrder = NodeOrder & { readonly type: 'revoked' }

/** Whom an order may concern; ids that are not known yet match no order that names them. */
export interface Concerned {
  readonly tenantId: string
  readonly deviceId: string | undefined
  readonly userId: string | undefined
  readonly connectionId: string | undefined
}

/** Longer than authorising a client takes at most. */
const KEPT_MS = 60_000
const MAX_KEPT = 4096

/** Says whether an order is about somebody. */
export function concerns(order: RevocationOrder, somebody: Concerned): boolean {
  return (
    order.tenantId === somebody.tenantId &&
    (order.deviceId === undefined || order.deviceId === somebody.deviceId) &&
    (order.userId === undefined || order.userId === somebody.userId) &&
    (order.connectionId === undefined || order.connectionId === somebody.connectionId)
  )
}

/**
 * Orders heard lately. A grant that was asked for before an order came may not know of it: whoever gets one compares it
 * with what was heard since. Times are those of `performance.now()`, which nobody sets.
 */
export class RecentRevocations {
  #heard: { readonly order: RevocationOrder; readonly atMs: number }[] = []

  note(order: RevocationOrder, nowMs: number): void {
    this.#heard = [
      ...this.#heard.filter(({ atMs }) => nowMs - atMs < KEPT_MS).slice(1 - MAX_KEPT),
      { order, atMs: nowMs },
    ]
  }

  /** The first order about somebody that was heard at `sinceMs` or later. */
  find(somebody: Concerned, sinceMs: number): RevocationOrder | undefined {
    return this.#heard.find(({ order, atMs }) => atMs >= sinceMs && concerns(order, somebody))?.order
  }
}
