import { answerOf, type operations } from '@sallyport/api-client'
import { skipToken, useQuery } from '@tanstack/react-query'

import { api } from '../api/api.ts'

/** How a tenant's pages look; all parts are null for one that chose nothing, or does not exist. */
export type TenantBranding = operations['brandingGet']['responses'][200]['content']['application/json']

/** Asks how a tenant's pages look; the page is shown without it meanwhile, and when it cannot be had. */
export function useBranding(slug: string | undefined): TenantBranding | undefined {
  const { data } = useQuery({
    queryKey: ['branding', slug],
    queryFn:
      slug === undefined || slug === ''
        ? skipToken
        : ({ signal }) => answerOf(api.GET('/api/v1/branding/{slug}', { params: { path: { slug } }, signal })),
    staleTime: Infinity,
    retry: false,
  })
  return data
}
