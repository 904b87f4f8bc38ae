import { z } from 'zod'

/** A lower-case UUID of any version. */
export const uuid = z
  .guid()
  .regex(/^[0-9a-f-]{36}$/)
  .meta({ format: 'uuid' })
