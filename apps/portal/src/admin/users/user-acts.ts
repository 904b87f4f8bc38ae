import { answerOf, type operations } from '@sallyport/api-client'

import { api } from '../../api/api.ts'

type Change = operations['usersChange']['requestBody']['content']['application/json']
/** What a reset of a password gives, this once. */
export type NewPassword = operations['userCredentialsResetPassword']['responses'][200]['content']['application/json']

const at = (id: string) => ({ params: { path: { id } } })

/** Lets a user who must wait after wrong attempts try again at once. */
export function unlock(userId: string): Promise<unknown> {
  return answerOf(api.POST('/api/v1/users/{id}/unlock', at(userId)))
}

/** Changes what is given of a user and leaves the rest. */
export function changeUser(userId: string, body: Change): Promise<unknown> {
  return answerOf(api.PATCH('/api/v1/users/{id}', { ...at(userId), body }))
}

/** Ends a user's password; gives what they choose a new one with. */
export function resetPassword(userId: string, by: 'link' | 'one-time-password'): Promise<NewPassword> {
  return answerOf(api.POST('/api/v1/users/{id}/reset-password', { ...at(userId), body: { by } }))
}

/** Takes all second factors of a user away. */
export function resetFactors(userId: string): Promise<unknown> {
  return answerOf(api.POST('/api/v1/users/{id}/reset-factors', at(userId)))
}

/** Signs a user out everywhere. */
export function endSessions(userId: string): Promise<unknown> {
  return answerOf(api.POST('/api/v1/users/{id}/end-sessions', at(userId)))
}

/** Deletes a user and everything that is known of them. */
export function eraseUser(userId: string): Promise<unknown> {
  return answerOf(api.DELETE('/api/v1/users/{id}', at(userId)))
}
