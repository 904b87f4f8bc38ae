import { answerOf, type operations } from '@sallyport/api-client'
import { useQueries } from '@tanstack/react-query'

import { api } from '../../api/api.ts'
import type { User } from '../users/people.ts'
import type { PolicyScope } from './policy-scope.ts'

/** Why a user is an example. */
export type ExampleKind =
  'administrator' | 'with-factor' | 'without-factor' | 'member' | 'member-without-factor' | 'chosen'

/** A user on whom rules are tried. */
export interface Example {
  readonly user: User
  readonly why: ExampleKind
}

type Query = NonNullable<operations['usersList']['parameters']['query']>
type Wanted = readonly [why: ExampleKind, query: Query]

const ADMINISTRATOR: Wanted = ['administrator', { role: 'administrator', state: 'enabled' }]

/** Finds users whom the rules concern in different ways: of each kind the first by name. */
export function useExamples(scope: PolicyScope): {
  readonly defaults: readonly Example[]
  readonly isLoading: boolean
} {
  const wanted = scope.kind === 'tenant' ? ofTenant() : ofGroup(scope.group.groupId)
  const found = useQueries({
    queries: wanted.map(([, query]) => ({
      queryKey: ['users', 'example', query],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answerOf(api.GET('/api/v1/users', { params: { query: { ...query, limit: 1 } }, signal })),
    })),
  })
  const defaults = wanted.flatMap(([why], index) => {
    const user = found[index]?.data?.items[0]
    return user === undefined ? [] : [{ user, why }]
  })
  return { defaults, isLoading: found.some(({ isLoading }) => isLoading) }
}

function ofTenant(): readonly Wanted[] {
  return [
    ADMINISTRATOR,
    ['with-factor', { role: 'user', state: 'enabled', factor: 'enrolled' }],
    ['without-factor', { role: 'user', state: 'enabled', factor: 'none' }],
  ]
}

function ofGroup(groupId: string): readonly Wanted[] {
  return [
    ['member', { groupId, state: 'enabled', factor: 'enrolled' }],
    ['member-without-factor', { groupId, state: 'enabled', factor: 'none' }],
    ADMINISTRATOR,
  ]
}
