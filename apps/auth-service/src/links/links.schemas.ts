import { z } from 'zod'

import { brandingView } from '../branding/branding.schemas.ts'
import { linkPurpose } from './one-time-links.ts'

export const linkView = z.strictObject({
  purpose: linkPurpose,
  tenant: z.strictObject({ slug: z.string(), name: z.string() }),
  branding: brandingView,
  username: z.string(),
  expiresAt: z.iso.datetime(),
})
export type LinkView = z.infer<typeof linkView>

export const choosePasswordRequest = z.strictObject({ password: z.string().min(1).max(512) })
export type ChoosePasswordRequest = z.infer<typeof choosePasswordRequest>

export const passwordResetRequest = z.strictObject({
  tenant: z.string().trim().toLowerCase().min(1).max(64).describe('the short name of the organisation'),
  username: z.string().trim().toLowerCase().min(1).max(256),
})
export type PasswordResetRequest = z.infer<typeof passwordResetRequest>

export const passwordResetAnswer = z.strictObject({ message: z.string() })
export type PasswordResetAnswer = z.infer<typeof passwordResetAnswer>

export const passwordResetWays = z.strictObject({
  byMail: z.boolean().describe('whether the operator has set up mail; without it, administrators hand out links'),
})
export type PasswordResetWays = z.infer<typeof passwordResetWays>
