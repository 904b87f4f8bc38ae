import { useState } from 'react'

import type { Group } from '../users/people.ts'
import { inOrder, isOvertaken, moved } from './group-order.ts'

/** The order of groups as it is on the page, before it is saved. */
export interface GroupOrder {
  readonly groups: readonly Group[] | undefined
  readonly isChanged: boolean
  /** Somebody else has saved another order since this one was begun. */
  readonly isStale: boolean
  /** Moves a group to a place from 1. */
  readonly moveTo: (groupId: string, place: number) => void
  /** The group that was moved last, and its place from 1. */
  readonly last: { readonly name: string; readonly place: number } | undefined
  /** The stored order that this one was made from. */
  readonly before: readonly string[]
  readonly discard: () => void
}

const idOf = ({ groupId }: Group): string => groupId
const same = (id: string): string => id
const NOTHING: { readonly began: readonly string[]; readonly chosen: readonly string[] } = { began: [], chosen: [] }

/** Keeps the order that somebody is choosing. */
export function useGroupOrder(stored: readonly Group[] | undefined): GroupOrder {
  const [{ began, chosen }, setChoice] = useState(NOTHING)
  const [last, setLast] = useState<GroupOrder['last']>()
  const groups = stored === undefined ? undefined : inOrder(stored, chosen, idOf)
  const storedIds = stored?.map(idOf) ?? []
  const ids = groups?.map(idOf) ?? []
  const isChanged = ids.join() !== storedIds.join()
  return {
    groups,
    isChanged,
    isStale: isChanged && isOvertaken(began, storedIds),
    before: inOrder(storedIds, began, same),
    last,
    moveTo: (groupId, place) => {
      const from = ids.indexOf(groupId)
      const next = moved(ids, from, place - 1)
      const isBack = next.join() === storedIds.join()
      setChoice(isBack ? NOTHING : { began: isChanged ? began : storedIds, chosen: next })
      setLast({ name: groups?.[from]?.name ?? '', place: next.indexOf(groupId) + 1 })
    },
    discard: () => {
      setChoice(NOTHING)
      setLast(undefined)
    },
  }
}
