import { answerOf, type operations } from '@sallyport/api-client'
import { queryOptions } from '@tanstack/react-query'

import { api } from '../../api/api.ts'

/** A certificate authority of the tenant. */
export type Authority = operations['authoritiesList']['responses'][200]['content']['application/json'][number]

/** Asks for the authorities, the newest first; there are never many. */
export const authoritiesQuery = queryOptions({
  queryKey: ['authorities'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/authorities', { signal })),
})

const at = (id: string) => ({ params: { path: { id } } })

/** Makes the next authority. */
export function prepareAuthority(): Promise<unknown> {
  return answerOf(api.POST('/api/v1/authorities'))
}

/** Lets the prepared authority sign servers; `force`: although devices do not know it. */
export function activateAuthority(id: string, force: boolean): Promise<unknown> {
  return answerOf(api.POST('/api/v1/authorities/{id}/activate', { ...at(id), body: { force } }))
}

/** Ends the trust in an authority; `force`: although devices have certificates of it. */
export function retireAuthority(id: string, force: boolean): Promise<unknown> {
  return answerOf(api.POST('/api/v1/authorities/{id}/retire', { ...at(id), body: { force } }))
}

const SOON_MS = 365 * 24 * 3_600_000

/** Says whether an authority ends within a year: the next one wants time to reach every device. */
export function isEnding({ notAfter, state }: Authority, nowMs: number): boolean {
  return state === 'active' && Date.parse(notAfter) - nowMs < SOON_MS
}
