import { answerOf, type operations } from '@sallyport/api-client'
import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query'

import { api } from '../../api/api.ts'
import { userQuery } from './user-queries.ts'

/** A user as administrators see them. */
export type User = operations['usersGet']['responses'][200]['content']['application/json']
/** What a user may do in the tenant. */
export type Role = User['role']
/** A group with what its rules differ by. */
export type Group = operations['groupsGet']['responses'][200]['content']['application/json']
/** A link to choose a password, given this once. */
export type PasswordLink = NonNullable<
  operations['usersCreate']['responses'][201]['content']['application/json']['invitation']
>

/** More groups than a tenant can have. */
const ALL_GROUPS = 200

/** Asks for one user. */
export function useUser(userId: string): UseQueryResult<User> {
  return useQuery(userQuery(userId))
}

/** Asks for all groups in their order; a tenant has few. */
export const groupsQuery = queryOptions({
  queryKey: ['groups', 'all'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/groups', { params: { query: { limit: ALL_GROUPS } }, signal })),
})

/** Asks for one group. */
export function useGroup(groupId: string): UseQueryResult<Group> {
  return useQuery({
    queryKey: ['groups', 'one', groupId],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/groups/{id}', { params: { path: { id: groupId } }, signal })),
  })
}
