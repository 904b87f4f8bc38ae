import type { UserDraft } from './user-fields.tsx'

/** What is to be changed of a user; what is left out stays. */
export interface UserChange {
  readonly displayName?: string | null
  readonly email?: string | null
  readonly role?: UserDraft['role']
  readonly groupIds?: string[]
}

/** A form over a user: what it has, and what of that is stored as far as the form knows. */
export interface UserForm {
  readonly before: UserDraft
  readonly draft: UserDraft
}

/** Tells what a draft changes; groups only for who may say who is in them. Empty texts take a value away. */
export function userChangeOf(before: UserDraft, after: UserDraft, mayGroup: boolean): UserChange {
  return {
    ...(after.displayName.trim() !== before.displayName && { displayName: after.displayName.trim() || null }),
    ...(after.email.trim() !== before.email && { email: after.email.trim() || null }),
    ...(after.role !== before.role && { role: after.role }),
    ...(mayGroup && !isSameSet(before.groupIds, after.groupIds) && { groupIds: [...new Set(after.groupIds)] }),
  }
}

/**
 * Brings a form up to what others have saved meanwhile: what nobody touched in it follows, and what was touched stays. Of
 * groups each box is a field of its own. Gives the same form when nothing was saved.
 */
export function followUser(form: UserForm, stored: UserDraft): UserForm {
  const { before, draft } = form
  if (
    before.displayName === stored.displayName &&
    before.email === stored.email &&
    before.role === stored.role &&
    isSameSet(before.groupIds, stored.groupIds)
  ) {
    return form
  }
  const added = draft.groupIds.filter((id) => !before.groupIds.includes(id) && !stored.groupIds.includes(id))
  const kept = stored.groupIds.filter((id) => !before.groupIds.includes(id) || draft.groupIds.includes(id))
  return {
    before: stored,
    draft: {
      displayName: draft.displayName === before.displayName ? stored.displayName : draft.displayName,
      email: draft.email === before.email ? stored.email : draft.email,
      role: draft.role === before.role ? stored.role : draft.role,
      groupIds: [...kept, ...added],
    },
  }
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const [one, other] = [new Set(left), new Set(right)]
  return one.size === other.size && [...one].every((id) => other.has(id))
}
