import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQueryOf } from './page.ts'

/** What a list in the order of creation needs of its rows. */
interface CreatedRow {
  readonly createdAt: Date
  readonly id: string
}

type Position = readonly [createdAt: string, id: string]

/** Query of a list in the order of creation, the oldest first. */
export const byCreationQuery = pageQueryOf(z.tuple([z.iso.datetime(), uuid]))

/** The order of such a list. */
export const ORDER_BY_CREATION: { createdAt?: 'asc'; id?: 'asc' }[] = [{ createdAt: 'asc' }, { id: 'asc' }]

/** Gives the position of a row in such a list. */
export function creationOf({ createdAt, id }: CreatedRow): Position {
  return [createdAt.toISOString(), id]
}

/** Gives the filter of what follows a position, to be spread into an `AND`; none at the beginning. */
export function createdAfter(after: Position | undefined): object[] {
  if (after === undefined) return []
  const [createdAt, id] = after
  // What an index can begin with, beside what counts.
  return [{ createdAt: { gte: createdAt }, OR: [{ createdAt: { gt: createdAt } }, { id: { gt: id } }] }]
}
