import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { serverNowMs } from '../../api/server-clock.ts'
import { groupsQuery } from '../users/people.ts'
import { firstMoment, momentAfter, type PreviewMoment } from './preview-moment.ts'
import { policyQuery } from './rules.ts'
import type { Example } from './use-examples.ts'

/** What the preview of rules was told, which outlives the form: that begins anew when rules are saved. */
export interface Preview {
  /** The time at which everything is supposed to happen: one while the same rules are stored, so that answers stay good. */
  readonly at: string
  /** Counts how often the stored rules have changed since: each time, what would happen must be asked anew. */
  readonly generation: number
  readonly added: readonly Example[]
  readonly left: readonly string[]
  readonly add: (example: Example) => void
  readonly remove: (userId: string) => void
}

/** Keeps what the preview of rules was told. */
export function usePreview(): Preview {
  const { at, generation } = useMoment()
  const [added, setAdded] = useState<readonly Example[]>([])
  const [left, setLeft] = useState<readonly string[]>([])
  return {
    ...{ at, generation, added, left },
    add: (example) => {
      setAdded([...added, example])
      setLeft(left.filter((userId) => userId !== example.user.userId))
    },
    remove: (userId) => {
      setLeft([...left, userId])
    },
  }
}

/** Rules may become what they were before, but a requirement begins anew: so changes are counted. */
function useMoment(): PreviewMoment {
  const policy = useQuery(policyQuery)
  const groups = useQuery(groupsQuery)
  const [seen, setSeen] = useState(() => firstMoment(serverNowMs(Date.now())))
  if (policy.data === undefined || groups.data === undefined) return seen
  const overrides = groups.data.items.map(({ groupId, policy: override }) => [groupId, override])
  const toldMs = Math.max(policy.dataUpdatedAt, groups.dataUpdatedAt)
  const moment = momentAfter(seen, JSON.stringify([policy.data, overrides]), serverNowMs(toldMs))
  if (moment !== seen) setSeen(moment)
  return moment
}
