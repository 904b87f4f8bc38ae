import { ApiRefusedError } from '@sallyport/api-client'

/** Where the service found something wrong: at a field, or at one entry of its list. */
export interface IssuePlace {
  /** The number of the entry from 0; `undefined` when it is the field as a whole. */
  readonly entry: number | undefined
}

/**
 * Finds where a field of the request is wrong: as a whole or at an entry (`routes.2`); `undefined`: nowhere. What is wrong
 * there the service says in English only, so that each form has texts of its own for its fields.
 */
export function issuePlaceOf(problem: unknown, field: string): IssuePlace | undefined {
  if (!(problem instanceof ApiRefusedError)) return undefined
  const path = problem.issues.map((issue) => issue.path).find((one) => one === field || one.startsWith(`${field}.`))
  if (path === undefined) return undefined
  const rest = path.slice(field.length + 1)
  return { entry: /^\d+$/.test(rest) ? Number(rest) : undefined }
}

/** Tells whether the service found something wrong with a field, or with an entry of it. */
export function hasIssue(problem: unknown, field: string): boolean {
  return issuePlaceOf(problem, field) !== undefined
}
