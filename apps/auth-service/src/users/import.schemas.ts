import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { passwordLink } from './users.schemas.ts'

export const importQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('only tell what would be done'),
})
export type ImportQuery = z.infer<typeof importQuery>

export const importReport = z.strictObject({
  dryRun: z.boolean(),
  rows: z.int().describe('rows of the file, without the line of column names'),
  created: z.int().describe('users that were created, or would be: all rows, or none when there is a problem'),
  problemCount: z.int(),
  problems: z
    .array(z.strictObject({ line: z.int(), problem: z.string() }))
    .describe('the first 1000; one is enough and nothing is created'),
  users: z
    .array(z.strictObject({ line: z.int(), userId: uuid, username: z.string(), invitation: passwordLink }))
    .describe('who was created, with the links to choose a password; empty in a dry run'),
})
export type ImportReport = z.infer<typeof importReport>
