import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { ROLES } from '../http/permissions.ts'

/** User names have no letter case; they are shown and stored in lower case. */
export const username = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@+-]{0,63}$/, 'must be letters, digits and . _ @ + -, at most 64')

export const userRole = z.enum(ROLES)

export const createUserRequest = z.strictObject({ username, role: userRole.exclude(['operator']).default('user') })
export type CreateUserRequest = z.infer<typeof createUserRequest>

export const createdUser = z.strictObject({ userId: uuid, username: z.string(), oneTimePassword: z.string() })
export type CreatedUser = z.infer<typeof createdUser>

export const changeUserRequest = z.strictObject({
  disabled: z.boolean().optional(),
  totpRequired: z.boolean().optional(),
})
export type ChangeUserRequest = z.infer<typeof changeUserRequest>

export const resetPasswordResponse = z.strictObject({ oneTimePassword: z.string() })

export const userView = z.strictObject({
  userId: uuid,
  username: z.string(),
  role: userRole,
  disabled: z.boolean(),
  mustChangePassword: z.boolean(),
  totp: z.strictObject({ required: z.boolean(), enrolled: z.boolean() }),
  createdAt: z.iso.datetime(),
})
export type UserView = z.infer<typeof userView>
