import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQuery, pageView } from '../http/page.ts'
import { ROLES } from '../http/permissions.ts'

const MAX_GROUPS_OF_USER = 50

/** User names have no letter case; they are shown and stored in lower case. */
export const username = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@+-]{0,63}$/, 'must be letters, digits and . _ @ + -, at most 64')

export const userRole = z.enum(ROLES)

/** A person's name as it is written. It begins with a letter or digit: no spreadsheet takes it for a formula. */
export const personName = z
  .string()
  .trim()
  .normalize('NFC')
  .max(128)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .,'’()&_/-]*$/u,
    "must begin with a letter or digit, then also spaces and . , ' ( ) & _ / -",
  )

/** An address for mail, in lower case; it begins with a letter or digit, like names. */
export const emailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[a-z0-9]/, 'must begin with a letter or digit')
  .pipe(z.email('must be an e-mail address'))

const groupIds = z
  .array(uuid)
  .max(MAX_GROUPS_OF_USER)
  .transform((ids) => [...new Set(ids)])

export const listUsersQuery = pageQuery.extend({
  role: userRole.optional(),
  state: z
    .enum(['enabled', 'disabled', 'invited', 'locked'])
    .optional()
    .describe('invited: enabled, without a password so far; locked: must wait after wrong attempts'),
  factor: z.enum(['enrolled', 'none']).optional().describe('only users with a second factor, or without any'),
  groupId: uuid.optional().describe('only members of this group'),
})
export type ListUsersQuery = z.infer<typeof listUsersQuery>

export const createUserRequest = z.strictObject({
  username,
  role: userRole.default('user'),
  displayName: personName.optional(),
  email: emailAddress.optional(),
  groupIds: groupIds.default([]),
  credential: z
    .enum(['one-time-password', 'invitation'])
    .default('one-time-password')
    .describe('a password to be changed at the first sign-in, or a link with which the user chooses one'),
})
export type CreateUserRequest = z.infer<typeof createUserRequest>

export const passwordLink = z.strictObject({
  url: z.string().describe('works once; a secret until then'),
  expiresAt: z.iso.datetime(),
  mailed: z.boolean().describe('it is on its way to the user by mail'),
})

export const createdUser = z.strictObject({
  userId: uuid,
  username: z.string(),
  oneTimePassword: z.string().optional(),
  invitation: passwordLink.optional(),
})
export type CreatedUser = z.infer<typeof createdUser>

export const changeUserRequest = z.strictObject({
  displayName: personName.nullable().optional(),
  email: emailAddress.nullable().optional(),
  role: userRole.optional(),
  disabled: z.boolean().optional(),
  groupIds: groupIds.optional().describe('the groups that the user is in from now on, and no others'),
})
export type ChangeUserRequest = z.infer<typeof changeUserRequest>

export const resetPasswordRequest = z.strictObject({
  by: z
    .enum(['one-time-password', 'link'])
    .default('one-time-password')
    .describe('with a link the user has no password until they have chosen one'),
})
export type ResetPasswordRequest = z.infer<typeof resetPasswordRequest>

export const resetPasswordResponse = z.strictObject({
  oneTimePassword: z.string().optional(),
  link: passwordLink.optional(),
})
export type ResetPasswordResponse = z.infer<typeof resetPasswordResponse>

export const userView = z.strictObject({
  userId: uuid,
  username: z.string(),
  displayName: z.string().nullable(),
  email: z.string().nullable(),
  role: userRole,
  disabled: z.boolean(),
  hasPassword: z.boolean().describe('false until an invited user has chosen one'),
  mustChangePassword: z.boolean(),
  factors: z.array(z.enum(['totp', 'passkey', 'recovery-code'])).describe('the second factors that are enrolled'),
  groups: z
    .array(z.strictObject({ groupId: uuid, name: z.string() }))
    .describe('in their order: the first decides first'),
  lockedUntil: z.iso
    .datetime()
    .nullable()
    .describe('until when the user must wait after wrong attempts, at the portal or with a VPN client; null: need not'),
  lastSignInAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
})
export type UserView = z.infer<typeof userView>

export const userPage = pageView(userView)
