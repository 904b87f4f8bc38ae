import { useState } from 'react'

import type { Group } from '../users/people.ts'
import { inOrder, moved } from './group-order.ts'

/** The order of groups as it is on the page, before it is saved. */
export interface GroupOrder {
  readonly groups: readonly Group[] | undefined
  readonly isChanged: boolean
  /** Moves a group one place up (-1) or down (1). */
  readonly move: (groupId: string, by: -1 | 1) => void
  /** The group that was moved last, and its place from 1. */
  readonly last: { readonly name: string; readonly place: number } | undefined
  /** As it is stored. */
  readonly storedIds: readonly string[]
  readonly discard: () => void
}

const idOf = ({ groupId }: Group): string => groupId

/** Keeps the order that somebody is choosing. */
export function useGroupOrder(stored: readonly Group[] | undefined): GroupOrder {
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [last, setLast] = useState<GroupOrder['last']>()
  const groups = stored === undefined ? undefined : inOrder(stored, chosen, idOf)
  const storedIds = stored?.map(idOf) ?? []
  const ids = groups?.map(idOf) ?? []
  return {
    groups,
    isChanged: ids.join() !== storedIds.join(),
    storedIds,
    last,
    move: (groupId, by) => {
      const from = ids.indexOf(groupId)
      const next = moved(ids, from, from + by)
      setChosen(next)
      setLast({ name: groups?.[from]?.name ?? '', place: next.indexOf(groupId) + 1 })
    },
    discard: () => {
      setChosen([])
      setLast(undefined)
    },
  }
}
