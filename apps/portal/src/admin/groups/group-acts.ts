import { answerOf } from '@sallyport/api-client'

import { api } from '../../api/api.ts'

const at = (id: string, userId: string) => ({ params: { path: { id, userId } } })

/** Puts a user into a group; one who is in it stays. */
export function addMember(groupId: string, userId: string): Promise<unknown> {
  return answerOf(api.PUT('/api/v1/groups/{id}/members/{userId}', at(groupId, userId)))
}

/** Takes a user out of a group. */
export function removeMember(groupId: string, userId: string): Promise<unknown> {
  return answerOf(api.DELETE('/api/v1/groups/{id}/members/{userId}', at(groupId, userId)))
}
