import type { Actor } from '../http/access.ts'
import { isRoleOf } from '../http/permissions.ts'
import type { ImportProblem, ImportRow } from './import-rows.ts'
import { mayManage } from './user-rights.ts'

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
    else problems.push({ line: row.line, problem })
  }
  return { users, problems }
}

function problemOf(
  row: ImportRow,
  { actor, isPlatform, takenUsernames, groups }: ImportSurroundings,
): string | undefined {
  if (takenUsernames.has(row.username)) return `There is a user "${row.username}" already.`
  if (!isRoleOf(row.role, { isPlatform }) || !mayManage(actor, row.role)) {
    return `You cannot give the role "${row.role}": it may do more than you, or there is none here.`
  }
  if (row.groupNames.length > 0 && !actor.permissions.has('groups.write')) {
    return 'You may not say who is in which group; it needs the permission groups.write.'
  }
  const missing = row.groupNames.find((name) => !groups.has(name))
  return missing === undefined ? undefined : `There is no group ${JSON.stringify(missing.slice(0, 64))}.`
}
