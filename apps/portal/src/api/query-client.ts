import { ApiRefusedError } from '@sallyport/api-client'
import { QueryClient } from '@tanstack/react-query'

const MAX_RETRIES = 2
const FRESH_MS = 15_000

/** Makes the cache of answers; a refusal is final, no answer is asked for again. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) => !(error instanceof ApiRefusedError && error.status < 500) && failures < MAX_RETRIES,
      },
      mutations: { retry: false },
    },
  })
}
