import { answerOf, type operations } from '@sallyport/api-client'

import { api } from '../../api/api.ts'
import type { Question } from '../../first-answers.ts'

type Answer<Name extends keyof Answered> = Answered[Name]['responses'][200]['content']['application/json']
type Answered = Pick<operations, 'usersGet' | 'explainOfUser' | 'connectionsList' | 'devicesList' | 'policyEffective'>

const SHOWN = 10

/** Asks for one user. */
export function userQuery(userId: string): Question<Answer<'usersGet'>> {
  return {
    queryKey: ['users', 'one', userId],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/users/{id}', { params: { path: { id: userId } }, signal })),
  }
}

/** Asks what became of the last times that a user wanted to come in. */
export function userAttemptsQuery(userId: string): Question<Answer<'explainOfUser'>> {
  return {
    queryKey: ['users', 'attempts', userId],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/users/{id}/attempts', { params: { path: { id: userId } }, signal })),
  }
}

/** Asks where a user is connected now. */
export function userConnectionsQuery(userId: string): Question<Answer<'connectionsList'>> {
  const query = { userId, state: 'live', limit: SHOWN } as const
  return {
    queryKey: ['connections', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/connections', { params: { query }, signal })),
  }
}

/** Asks for the devices with which a user can connect. */
export function userDevicesQuery(userId: string): Question<Answer<'devicesList'>> {
  const query = { userId, state: 'active', limit: SHOWN } as const
  return {
    queryKey: ['devices', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/devices', { params: { query }, signal })),
  }
}

/** Asks which rules hold for a user. */
export function userPolicyQuery(userId: string): Question<Answer<'policyEffective'>> {
  return {
    queryKey: ['policy', 'effective', userId],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/policy/effective', { params: { query: { userId } }, signal })),
  }
}
