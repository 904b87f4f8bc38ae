import { answerOf, type operations } from '@sallyport/api-client'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'

import { api } from '../api/api.ts'
import { createPace } from '../api/pace.ts'

/** The numbers of the platform. */
export type PlatformOverview = operations['platformOverviewGet']['responses'][200]['content']['application/json']

const GAP_MS = 5000
const pace = createPace(GAP_MS)

/** Asks for the numbers of the platform; they follow what the nodes report. */
export function usePlatformOverview(): UseQueryResult<PlatformOverview> {
  return useQuery({
    queryKey: ['nodes', 'overview'],
    queryFn: async ({ signal }) => {
      await pace('platform', signal)
      return answerOf(api.GET('/api/v1/platform/overview', { signal }))
    },
  })
}
