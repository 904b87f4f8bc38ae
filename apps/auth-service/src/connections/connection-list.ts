import type { Connection, Device, Network, Service, TenantSession, User } from '@sallyport/database'

import { containing } from '../http/containing.ts'
import type { ListConnectionsQuery } from './connections.schemas.ts'

/** Of a list that no index can find, so many rows are looked at in one statement: history is long, and matches may be rare. */
const SCANNED_ROWS = 20_000

const NEWEST_FIRST: { authorisedAt?: 'desc'; id?: 'desc' }[] = [{ authorisedAt: 'desc' }, { id: 'desc' }]

/** A connection with the names that people know. */
export type NamedConnection = Connection & {
  readonly user: Pick<User, 'username'>
  readonly device: Pick<Device, 'name'>
  readonly network: Pick<Network, 'name'>
  readonly service: Pick<Service, 'name'>
}

/** Where a list of connections, the newest first, goes on: when the last one was allowed, and its id. */
export type ConnectionPosition = [authorisedAt: string, id: string]

/** A part of a list; `scannedTo` when there was more to look at than one statement does. */
export interface ScannedConnections {
  readonly rows: readonly NamedConnection[]
  readonly scannedTo: ConnectionPosition | undefined
}

const withNames = {
  user: { select: { username: true } },
  device: { select: { name: true } },
  network: { select: { name: true } },
  service: { select: { name: true } },
} as const

/** Gives a part of a tenant's connections, the newest first, with one more row than the limit. */
export async function listConnections(
  session: TenantSession,
  tenantId: string,
  heardSince: Date,
  query: ListConnectionsQuery,
): Promise<ScannedConnections> {
  const place = placed(tenantId, query)
  const last = isFoundByIndex(query)
    ? null
    : await session.connection.findFirst({
        where: place,
        select: { authorisedAt: true, id: true },
        orderBy: NEWEST_FIRST,
        skip: SCANNED_ROWS - 1,
      })
  const rows = await session.connection.findMany({
    where: { AND: [place, ...(last === null ? [] : [upTo(last)]), ...matching(heardSince, query)] },
    include: withNames,
    orderBy: NEWEST_FIRST,
    take: query.limit + 1,
  })
  return { rows, scannedTo: last === null ? undefined : positionOf(last) }
}

/** Gives the position of a connection in a list. */
export function positionOf({ authorisedAt, id }: Pick<Connection, 'authorisedAt' | 'id'>): ConnectionPosition {
  return [authorisedAt.toISOString(), id]
}

function isFoundByIndex({ search, networkId, node }: ListConnectionsQuery): boolean {
  return (search === undefined || search === '') && networkId === undefined && node === undefined
}

/** What indexes find. */
function placed(tenantId: string, { state, userId, after }: ListConnectionsQuery): object {
  const [at, id] = after ?? []
  return {
    tenantId,
    ...(userId === undefined ? {} : { userId }),
    ...(state === undefined ? {} : { endedAt: state === 'live' ? null : { not: null } }),
    ...(at === undefined || id === undefined
      ? {}
      : // What an index can begin with, beside what counts.
        { authorisedAt: { lte: at }, OR: [{ authorisedAt: { lt: at } }, { id: { lt: id } }] }),
  }
}

function upTo({ authorisedAt, id }: Pick<Connection, 'authorisedAt' | 'id'>): object {
  return { authorisedAt: { gte: authorisedAt }, OR: [{ authorisedAt: { gt: authorisedAt } }, { id: { gte: id } }] }
}

function matching(heardSince: Date, { search, state, networkId, node }: ListConnectionsQuery): object[] {
  const heard = { service: { lastSeenAt: { gte: heardSince } } }
  return [
    ...(state === undefined ? [{ OR: [{ endedAt: { not: null } }, heard] }] : state === 'live' ? [heard] : []),
    ...(networkId === undefined ? [] : [{ networkId }]),
    ...(node === undefined ? [] : [{ service: { name: node } }]),
    ...(search === undefined || search === '' ? [] : [{ OR: containingAnywhere(search) }]),
  ]
}

/** What people look for a connection by: who, with what, where from and where to. */
function containingAnywhere(search: string): object[] {
  const found = containing(search)
  return [
    { user: { OR: [{ username: found }, { displayName: found }] } },
    ...['device', 'network', 'service'].map((owner) => ({ [owner]: { name: found } })),
    ...['remoteAddress', 'ipv4', 'ipv6'].map((column) => ({ [column]: found })),
  ]
}
