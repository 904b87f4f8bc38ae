import { present, textIn } from '../../api/search-params.ts'

/** Whose rules are shown: a group's, else the tenant's. */
export interface PolicySearch {
  readonly group?: string
}

/** Reads it from the address of the page. */
export function readPolicySearch(raw: Readonly<Record<string, unknown>>): PolicySearch {
  return present({ group: textIn(raw, 'group') })
}
