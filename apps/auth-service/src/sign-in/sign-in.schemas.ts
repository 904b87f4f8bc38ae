import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { userRole } from '../users/users.schemas.ts'

export const signInRequest = z.strictObject({
  tenant: z.string().trim().toLowerCase().min(1).max(64),
  username: z.string().trim().toLowerCase().min(1).max(256),
  password: z.string().min(1).max(512),
  otp: z.string().trim().max(64).optional(),
})
export type SignInRequest = z.infer<typeof signInRequest>

export const signedInView = z.strictObject({
  user: z.strictObject({ userId: uuid, username: z.string(), role: userRole }),
  mustChangePassword: z.boolean(),
  totp: z.strictObject({ required: z.boolean(), enrolled: z.boolean() }),
})
export type SignedInView = z.infer<typeof signedInView>

export const meView = signedInView.extend({
  tenant: z.strictObject({ tenantId: uuid, slug: z.string(), name: z.string() }),
})
export type MeView = z.infer<typeof meView>

export const changePasswordRequest = z.strictObject({
  currentPassword: z.string().min(1).max(512),
  newPassword: z.string().min(1).max(512),
})
export type ChangePasswordRequest = z.infer<typeof changePasswordRequest>

export const totpEnrolment = z.strictObject({ secret: z.string(), uri: z.string() })
export type TotpEnrolment = z.infer<typeof totpEnrolment>

export const confirmTotpRequest = z.strictObject({ code: z.string().trim().max(64) })
export type ConfirmTotpRequest = z.infer<typeof confirmTotpRequest>
