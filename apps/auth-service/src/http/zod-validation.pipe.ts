import type { PipeTransform } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import type { z } from 'zod'

import { ApiProblem, notFound } from './api-problem.ts'

/** Reads a value by a schema; throws the 400 that names every bad field. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const unstorable = findUnstorableText(value)
  const result = schema.safeParse(value === undefined ? {} : value)
  if (result.success && unstorable === undefined) return result.data
  const issues = [...(unstorable === undefined ? [] : [unstorable]), ...(result.error?.issues ?? []).flatMap(issuesOf)]
  throw new ApiProblem(400, 'bad-request', 'Some fields are missing or not valid.', issues)
}

/** One for each field: an object's unknown fields are one issue of the object to zod. */
function issuesOf(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: 'is no field of this call' }))
}

/** PostgreSQL takes neither NUL nor halves of surrogate pairs, wherever they are. */
function findUnstorableText(value: unknown, path = ''): { path: string; message: string } | undefined {
  if (typeof value === 'string') {
    const isStorable = !value.includes('\0') && value.isWellFormed()
    return isStorable ? undefined : { path, message: 'has characters that cannot be stored' }
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  for (const [key, part] of Object.entries(value)) {
    const found = findUnstorableText(part, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** Validates a request's body or query. */
export class ZodValidationPipe<Schema extends z.ZodType> implements PipeTransform<unknown, z.infer<Schema>> {
  readonly schema: Schema

  constructor(schema: Schema) {
    this.schema = schema
  }

  transform(value: unknown): z.infer<Schema> {
    return parseInput(this.schema, value)
  }
}

/** Reads an id of a path; what is no id does not exist. */
export class IdPipe implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    const parsed = uuid.safeParse(value)
    if (!parsed.success) throw notFound('thing')
    return parsed.data
  }
}
