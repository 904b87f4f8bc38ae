import type { PipeTransform } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import type { z } from 'zod'

import { ApiProblem, notFound } from './api-problem.ts'

/** Reads a value by a schema; throws the 400 that names every bad field. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw new ApiProblem(400, 'bad-request', 'Some fields are missing or not valid.', issues)
}

/** Validates a request's body. */
export class ZodValidationPipe<Schema extends z.ZodType> implements PipeTransform<unknown, z.infer<Schema>> {
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
  }

  transform(value: unknown): z.infer<Schema> {
    return parseInput(this.#schema, value)
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
