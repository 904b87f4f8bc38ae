import { answerOf } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'

import { api } from '../api/api.ts'

/** Tells whether people can have a link mailed; as long as it is not known, that they can. */
export function useMailedLinks(): boolean {
  const { data } = useQuery({
    queryKey: ['password-reset'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/password-reset', { signal })),
    staleTime: Infinity,
    retry: false,
  })
  return data?.byMail ?? true
}
