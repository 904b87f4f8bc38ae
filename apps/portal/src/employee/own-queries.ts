import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query'

import { api } from '../api/api.ts'
import { present } from '../api/search-params.ts'
import type { Question } from '../first-answers.ts'
import { useMe } from '../session/me.ts'

/** A device of the reader. */
export type Device = operations['devicesList']['responses'][200]['content']['application/json']['items'][number]
/** A connection of the reader. */
export type Connection =
  operations['ownConnectionsList']['responses'][200]['content']['application/json']['items'][number]
/** A sign-in or connection that was tried. */
export type Attempt = operations['explainOwn']['responses'][200]['content']['application/json']['items'][number]

type DevicePage = operations['devicesList']['responses'][200]['content']['application/json']
type ConnectionPage = operations['ownConnectionsList']['responses'][200]['content']['application/json']
type DeviceQuery = NonNullable<operations['devicesList']['parameters']['query']>
type ConnectionQuery = NonNullable<operations['ownConnectionsList']['parameters']['query']>
type Filters<Query> = { readonly [Name in keyof Query]: Query[Name] | undefined }

const LIVE_LIMIT = 50
const PAST_LIMIT = 20

/** Asks for the reader's devices: whoever may see all is shown only their own here. */
export function useOwnDevices(filters: Filters<Omit<DeviceQuery, 'userId'>>): UseQueryResult<DevicePage> {
  const { user } = useMe()
  const query = { userId: user.userId, ...present(filters) }
  return useQuery({
    queryKey: ['own-devices', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/devices', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Asks for the reader's connections, the newest first. */
function ownConnectionsQuery(filters: Filters<ConnectionQuery>): Question<ConnectionPage> {
  const query = present(filters)
  return {
    queryKey: ['own-connections', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/connections', { params: { query }, signal })),
  }
}

/** Asks for the reader's live connections. */
export const liveConnectionsQuery = ownConnectionsQuery({ state: 'live', limit: LIVE_LIMIT })

/** Asks for the reader's connections that have ended, from a place in their list on. */
export function pastConnectionsQuery(after?: string): Question<ConnectionPage> {
  return ownConnectionsQuery({ state: 'ended', limit: PAST_LIMIT, after })
}

/** Gives the reader's live connections. */
export function useLiveConnections(): UseQueryResult<ConnectionPage> {
  return useQuery(liveConnectionsQuery)
}

/** Gives the reader's connections that have ended; while more are asked for, those before. */
export function usePastConnections(after: string | undefined): UseQueryResult<ConnectionPage> {
  return useQuery({ ...pastConnectionsQuery(after), placeholderData: keepPreviousData })
}

/** Asks what became of the reader's last attempts to connect or sign in. */
export const attemptsQuery = queryOptions({
  queryKey: ['own-connections', 'attempts'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/attempts', { signal })),
})

/** Asks which networks the reader may choose from. */
export const ownNetworksQuery = queryOptions({
  queryKey: ['own-devices', 'networks'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/networks', { signal })),
})
