import type { Actor } from '../http/access.ts'
import { isRoleOf } from '../http/permissions.ts'
import type { ImportProblem, RowProblem } from './import-problem.ts'
import type { ImportRow } from './import-rows.ts'
import { mayManage } from './user-rights.ts'

/** As much of a name as stands in a message. */
const MAX_SHOWN_CHARACTERS = 64

/** A user to be created, with the groups by their ids. */
export interface PlannedUser extends Omit<ImportRow, 'groupNames'> {
  readonly groupIds: readonly string[]
}

/** What the tenant has that decides about a row. */
export interface ImportSurroundings {
  readonly actor: Pick<Actor, 'permissions'>
  readonly isPlatform: boolean
  readonly takenUsernames: ReadonlySet<string>
  /** Ids of groups by their names. */
  readonly groups: ReadonlyMap<string, string>
}

/** Decides about every row; the rows that cannot be users are problems of their lines. Pure. */
export function planImport(
  rows: readonly ImportRow[],
  surroundings: ImportSurroundings,
): { users: PlannedUser[]; problems: ImportProblem[] } {
  const users: PlannedUser[] = []
  const problems: ImportProblem[] = []
  for (const row of rows) {
    const problem = problemOf(row, surroundings)
    const { groupNames, ...user } = row
    if (problem === undefined)
      users.push({ ...user, groupIds: groupNames.flatMap((name) => surroundings.groups.get(name) ?? []) })
    else problems.push({ line: row.line, ...problem })
  }
  return { users, problems }
}

function problemOf(
  { username, role, groupNames }: ImportRow,
  { actor, isPlatform, takenUsernames, groups }: ImportSurroundings,
): RowProblem | undefined {
  if (takenUsernames.has(username)) {
    const problem = `There is a user "${username}" already.`
    return { code: 'username-taken', parameters: { username }, problem }
  }
  if (!isRoleOf(role, { isPlatform }) || !mayManage(actor, role)) {
    const problem = `You cannot give the role "${role}": it may do more than you, or there is none here.`
    return { code: 'role-not-allowed', parameters: { role }, problem }
  }
  if (groupNames.length > 0 && !actor.permissions.has('groups.write')) {
    const problem = 'You may not say who is in which group; it needs the permission groups.write.'
    return { code: 'groups-not-allowed', problem }
  }
  const missing = groupNames.find((name) => !groups.has(name))
  return missing === undefined ? undefined : unknownGroup(missing.slice(0, MAX_SHOWN_CHARACTERS))
}

function unknownGroup(group: string): RowProblem {
  return { code: 'unknown-group', parameters: { group }, problem: `There is no group ${JSON.stringify(group)}.` }
}
