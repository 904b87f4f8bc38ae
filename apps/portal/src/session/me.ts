import { answerOf, type operations } from '@sallyport/api-client'
import { type QueryClient, queryOptions, useSuspenseQuery } from '@tanstack/react-query'

import { api } from '../api/api.ts'
import { notePageOwner } from '../api/page-owner.ts'

/** Who is signed in, and what they may see. */
export type Me = operations['accountMe']['responses'][200]['content']['application/json']

/** Asks who is signed in; refused with 401 when nobody is. */
export const meQuery = queryOptions({
  queryKey: ['own-account', 'me'],
  queryFn: async ({ signal }) => {
    const me = await answerOf(api.GET('/api/v1/me', { signal }))
    notePageOwner(me.user.userId)
    return me
  },
  staleTime: Infinity,
})

/** Gives who is signed in, on pages that only they see. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data
}

/** Asks again who is signed in, whatever was known: after a sign-in, or when a duty was done. */
export function askAnew(queries: QueryClient): Promise<Me> {
  return queries.query({ ...meQuery, staleTime: 0, retry: false })
}
