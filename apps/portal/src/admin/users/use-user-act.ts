import { type Change, useAct, useChange } from '../../session/use-act.ts'

/** What hangs on a user: the first parts of the keys of the queries that an act may have changed. */
const TOPICS = ['users', 'groups', 'devices', 'connections', 'policy'] as const

/** Gives the function that does something with users, for dialogs that ask first. */
export function useUserChange(): Change {
  return useChange(TOPICS)
}

/** Gives the same for forms and buttons; it says whether the act was done. */
export function useUserAct(): (work: () => Promise<unknown>) => Promise<boolean> {
  return useAct(TOPICS)
}
