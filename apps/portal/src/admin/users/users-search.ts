import { choiceIn, present, textIn } from '../../api/search-params.ts'
import type { Role } from './people.ts'

/** The states by which users are listed. */
export const USER_FILTERS = ['enabled', 'invited', 'locked', 'no-factor', 'disabled'] as const
/** The roles by which they are. */
export const ROLE_FILTERS = ['user', 'auditor', 'administrator', 'operator'] as const

/** What the list of users shows. */
export interface UsersSearch {
  readonly search?: string
  readonly state?: (typeof USER_FILTERS)[number]
  readonly role?: Role
  readonly groupId?: string
}

interface UsersQuery {
  readonly search?: string
  readonly state?: 'enabled' | 'invited' | 'locked' | 'disabled'
  readonly factor?: 'none'
  readonly role?: Role
  readonly groupId?: string
}

/** Reads what is to be shown from the address of the page. */
export function readUsersSearch(raw: Readonly<Record<string, unknown>>): UsersSearch {
  return present({
    search: textIn(raw, 'search'),
    state: choiceIn(raw, 'state', USER_FILTERS),
    role: choiceIn(raw, 'role', ROLE_FILTERS),
    groupId: textIn(raw, 'groupId'),
  })
}

/** The same as the service is asked for it; of who lacks a second factor only those who could come in matter. */
export function usersQueryOf({ state, ...search }: UsersSearch): UsersQuery {
  if (state === 'no-factor') return { ...search, state: 'enabled', factor: 'none' }
  return present({ ...search, state })
}
