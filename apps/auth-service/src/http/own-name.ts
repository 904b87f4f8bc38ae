import { z } from 'zod'

import { ONE_LINE } from './one-line.ts'

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/**
 * What people call a thing of their own, such as "Lea’s laptop 💻": one line in any script, with a character that is seen.
 * It goes into no profile, file name or header: those have characters that mean something there.
 */
export const ownName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(ONE_LINE, 'must be one line without control characters')
  .regex(VISIBLE, 'must have a letter, digit or sign')
