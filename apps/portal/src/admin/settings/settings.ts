import { answerOf, type operations } from '@sallyport/api-client'
import { queryOptions } from '@tanstack/react-query'

import { api } from '../../api/api.ts'

/** The settings of the tenant. */
export type Settings = operations['settingsGet']['responses'][200]['content']['application/json']
/** What its administrators change of them. */
export type SettingsChange = operations['settingsChange']['requestBody']['content']['application/json']

/** Asks for the settings. */
export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/settings', { signal })),
})

/** Changes what is given and leaves the rest. */
export function changeSettings(body: SettingsChange): Promise<Settings> {
  return answerOf(api.PATCH('/api/v1/settings', { body }))
}
