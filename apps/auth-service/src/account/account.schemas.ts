import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { brandingView } from '../branding/branding.schemas.ts'
import { passkeyRequestOptions } from '../factors/passkey.schemas.ts'
import { DUTIES } from '../http/access.ts'
import { PERMISSION_NAMES } from '../http/permissions.ts'
import { factorAnswer, factorMethod, password, signedInView } from '../sign-in/sign-in.schemas.ts'

export const meView = signedInView.extend({
  tenant: z.strictObject({ tenantId: uuid, slug: z.string(), name: z.string() }),
  branding: brandingView,
  permissions: z.array(z.enum(PERMISSION_NAMES)).describe('what the caller may do, once there are no duties'),
  duties: z.array(z.enum(DUTIES)).describe('what has to be done first; nothing else is allowed before'),
  hasNetwork: z.boolean().describe('whether there is a network that a device can be enrolled for'),
  sessionEndsAt: z.iso.datetime().nullable().describe('when the session ends at the latest; null for an API token'),
  sessionIdleSeconds: z.int().describe('a session that nobody uses ends after this time'),
  now: z.iso.datetime().describe('the time here, for clocks that are wrong'),
})
export type MeView = z.infer<typeof meView>

export const sessionId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the id of a session as the list gives it')
  .meta({ examples: ['hQ9nWq1o5s2dFv0cJm3yTz8aLr4xKe6bUg7pNi_EoBA'] })

export const ownSessionView = z.strictObject({
  sessionId: sessionId.describe('names the session; it cannot be used as one'),
  current: z.boolean().describe('the session of this call'),
  startedAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  address: z.string().describe('where the sign-in came from'),
  userAgent: z.string().describe('what the browser called itself then, cut to 200 characters'),
  factor: factorMethod.nullable().describe('the second factor that was proven in it'),
})
export type OwnSessionView = z.infer<typeof ownSessionView>

export const ownSessionList = z.array(ownSessionView)

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
