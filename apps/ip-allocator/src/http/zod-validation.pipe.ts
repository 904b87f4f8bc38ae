import type { PipeTransform } from '@nestjs/common'
import type { z } from 'zod'

import { ApiProblem } from './api-problem.ts'

/** Reads a body or parameter by a schema; refuses with every bad field by name. */
export class ZodValidationPipe<Schema extends z.ZodType> implements PipeTransform<unknown, z.infer<Schema>> {
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
  }

  transform(value: unknown): z.infer<Schema> {
    const result = this.#schema.safeParse(value)
    if (result.success) return result.data
    const issues = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
    throw new ApiProblem('bad-request', issues)
  }
}
