import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { problemParameters } from '../http/api-problem.ts'
import { IMPORT_PROBLEM_CODES } from './import-problem.ts'
import { passwordLink } from './users.schemas.ts'

export const importQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('only tell what would be done'),
})
export type ImportQuery = z.infer<typeof importQuery>

const importProblem = z.strictObject({
  line: z.int().describe('counted from 1'),
  code: z.enum(IMPORT_PROBLEM_CODES).describe('names the reason; programs decide by it'),
  parameters: problemParameters.optional(),
  problem: z.string().describe('says what is wrong'),
})

export const importReport = z.strictObject({
  dryRun: z.boolean(),
  rows: z.int().describe('rows of the file, without the line of column names'),
  created: z.int().describe('users that were created, or would be: all rows, or none when there is a problem'),
  problemCount: z.int(),
  problems: z.array(importProblem).describe('the first 1000; one is enough and nothing is created'),
  users: z
    .array(z.strictObject({ line: z.int(), userId: uuid, username: z.string(), invitation: passwordLink }))
    .describe('who was created, with the links to choose a password; empty in a dry run'),
})
export type ImportReport = z.infer<typeof importReport>
