import { uuid } from '@sallyport/contracts'
import { FACTOR_METHODS } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { passkeyAssertion, passkeyRequestOptions } from '../factors/passkey.schemas.ts'
import { userRole } from '../users/users.schemas.ts'

/** A password as somebody types it; whether it may be one is not a matter of its form. */
export const password = z.string().min(1).max(512)
const code = z.string().trim().min(1).max(64)

export const factorMethod = z.enum(FACTOR_METHODS)

export const signInRequest = z.strictObject({
  tenant: z.string().trim().toLowerCase().min(1).max(64).describe('the short name of the organisation'),
  username: z.string().trim().toLowerCase().min(1).max(256),
  password,
  otp: z
    .string()
    .trim()
    .max(64)
    .optional()
    .describe('a code of the authenticator app or a recovery code, where it is known that one will be asked for'),
})
export type SignInRequest = z.infer<typeof signInRequest>

const typedFactor = z.strictObject({ method: z.enum(['totp', 'recovery-code']), code })
const passkeyFactor = z.strictObject({ method: z.literal('passkey'), assertion: passkeyAssertion })
export type TypedFactor = z.infer<typeof typedFactor>

/** A proof of the second factor. */
export const factorAnswer = z.discriminatedUnion('method', [typedFactor, passkeyFactor])
export type FactorAnswer = z.infer<typeof factorAnswer>

const challenge = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a challenge as it was given')
export const signInFactorRequest = z.discriminatedUnion('method', [
  typedFactor.extend({ challenge }),
  passkeyFactor.extend({ challenge }),
])
export type SignInFactorRequest = z.infer<typeof signInFactorRequest>

export const signedInView = z.strictObject({
  user: z.strictObject({
    userId: uuid,
    username: z.string(),
    role: userRole,
    displayName: z.string().nullable(),
    email: z.string().nullable(),
  }),
  mustChangePassword: z.boolean().describe('nothing else is allowed before'),
  mustEnrolFactor: z.boolean().describe('nothing but enrolling a second factor is allowed before'),
  enrolFactorBefore: z.iso.datetime().nullable().describe('until when one can do without the second factor'),
  factors: z.strictObject({
    required: z.boolean().describe('the policy demands a second factor of this user'),
    enrolled: z.array(factorMethod),
  }),
})
export type SignedInView = z.infer<typeof signedInView>

export const signedInAnswer = signedInView.extend({ status: z.literal('signed-in') })
export const factorRequiredAnswer = z.strictObject({
  status: z.literal('factor-required'),
  challenge: z.string().describe('goes back with the second factor; counts once'),
  methods: z.array(factorMethod),
  expiresInSeconds: z.int(),
  passkeyOptions: passkeyRequestOptions.optional().describe('when `methods` has `passkey`'),
})
export type FactorRequiredAnswer = z.infer<typeof factorRequiredAnswer>

export const signInAnswer = z.discriminatedUnion('status', [signedInAnswer, factorRequiredAnswer])
export type SignInAnswer = z.infer<typeof signInAnswer>
