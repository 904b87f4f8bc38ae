import type { ProblemDocument } from '../http/api-problem.ts'

/** Why a line of a file can be no user. Closed list; part of the API. */
export const IMPORT_PROBLEM_CODES = [
  'wrong-cell-count',
  'cell-too-long',
  'formula',
  'control-character',
  'bad-username',
  'bad-email',
  'bad-display-name',
  'bad-role',
  'too-many-groups',
  'repeated-username',
  'username-taken',
  'role-not-allowed',
  'groups-not-allowed',
  'unknown-group',
] as const
export type ImportProblemCode = (typeof IMPORT_PROBLEM_CODES)[number]

/** What is wrong with a row. */
export interface RowProblem {
  readonly code: ImportProblemCode
  /** What the sentence names, for who says it in another language. */
  readonly parameters?: NonNullable<ProblemDocument['parameters']>
  /** The sentence. */
  readonly problem: string
}

/** What is wrong with a line of the file. */
export interface ImportProblem extends RowProblem {
  /** Counted from 1, as editors do. */
  readonly line: number
}
