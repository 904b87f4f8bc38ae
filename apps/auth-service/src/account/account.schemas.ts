import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { passkeyRequestOptions } from '../factors/passkey.schemas.ts'
import { factorAnswer, factorMethod, password, signedInView } from '../sign-in/sign-in.schemas.ts'

export const meView = signedInView.extend({
  tenant: z.strictObject({ tenantId: uuid, slug: z.string(), name: z.string() }),
})
export type MeView = z.infer<typeof meView>

export const changePasswordRequest = z.strictObject({ currentPassword: password, newPassword: password })
export type ChangePasswordRequest = z.infer<typeof changePasswordRequest>

export const reauthenticateRequest = z.strictObject({
  password,
  factor: factorAnswer.optional().describe('needed when a sign-in would ask for it'),
})
export type ReauthenticateRequest = z.infer<typeof reauthenticateRequest>

export const reauthenticateOptions = z.strictObject({
  methods: z.array(factorMethod).describe('empty when the password is enough'),
  passkeyOptions: passkeyRequestOptions.optional().describe('when `methods` has `passkey`'),
})
export type ReauthenticateOptions = z.infer<typeof reauthenticateOptions>
