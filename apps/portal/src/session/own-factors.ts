import { answerOf, type operations } from '@sallyport/api-client'
import { queryOptions } from '@tanstack/react-query'

import { api } from '../api/api.ts'

/** Which second factors somebody has, and which the policy accepts. */
export type OwnFactors = operations['ownFactorsShow']['responses'][200]['content']['application/json']

/** Asks for the own second factors. */
export const ownFactorsQuery = queryOptions({
  queryKey: ['own-account', 'factors'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/factors', { signal })),
})

/** Whether there is a factor that does not only stand in for another. */
export function hasFactor({ totp, passkeys }: OwnFactors): boolean {
  return totp.enrolledAt !== null || passkeys.length > 0
}
