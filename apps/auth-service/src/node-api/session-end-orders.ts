import { MAX_SESSION_ENDS, type NodeOrder } from '@sallyport/contracts'
import type { Connection } from '@sallyport/database'

/** A live connection whose login ends at another time than its node was told. */
export interface MovedEnd extends Pick<Connection, 'id' | 'serviceId' | 'loginStartedAt'> {
  readonly endsAt: Date
}

/** An order, and the node that it is for. */
export interface AddressedOrder {
  readonly order: NodeOrder & { readonly type: 'session-ends' }
  readonly serviceId: string
}

/** Writes the orders that tell nodes when logins end: each node hears of its own connections, of many at a time. */
export function sessionEndOrders(moved: readonly MovedEnd[], renewKeys: boolean): AddressedOrder[] {
  return [...Map.groupBy(moved, ({ serviceId }) => serviceId)].flatMap(([serviceId, ofNode]) => {
    const ends = ofNode.map(({ id, endsAt }) => ({ connectionId: id, sessionEndsAt: endsAt.toISOString() }))
    const parts = Array.from({ length: Math.ceil(ends.length / MAX_SESSION_ENDS) }, (_, part) =>
      ends.slice(part * MAX_SESSION_ENDS, (part + 1) * MAX_SESSION_ENDS),
    )
    return parts.map((part) => ({ order: { type: 'session-ends', ends: part, renewKeys } as const, serviceId }))
  })
}

/** The last whole second up to a time: tokens know no parts, and by them a login must end when it was said to. */
export function wholeSeconds(atMs: number): Date {
  return new Date(Math.floor(atMs / 1000) * 1000)
}
