import type { UserDraft } from './user-fields.tsx'

/** What is to be changed of a user; what is left out stays. */
export interface UserChange {
  readonly displayName?: string | null
  readonly email?: string | null
  readonly role?: UserDraft['role']
  readonly groupIds?: string[]
}

/** Tells what a draft changes; groups only for who may say who is in them. Empty texts take a value away. */
export function userChangeOf(before: UserDraft, after: UserDraft, mayGroup: boolean): UserChange {
  const [oldGroups, newGroups] = [new Set(before.groupIds), new Set(after.groupIds)]
  const isRegrouped = oldGroups.size !== newGroups.size || [...newGroups].some((id) => !oldGroups.has(id))
  return {
    ...(after.displayName.trim() !== before.displayName && { displayName: after.displayName.trim() || null }),
    ...(after.email.trim() !== before.email && { email: after.email.trim() || null }),
    ...(after.role !== before.role && { role: after.role }),
    ...(mayGroup && isRegrouped && { groupIds: [...newGroups] }),
  }
}
