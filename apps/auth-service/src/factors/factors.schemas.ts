import { FACTOR_METHODS, MFA_MODES } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { passkeyView } from './passkey.schemas.ts'

export const factorsView = z.strictObject({
  policy: z.strictObject({
    mfa: z.enum(MFA_MODES),
    methods: z.array(z.enum(FACTOR_METHODS)).describe('what the policy accepts'),
  }),
  mustEnrol: z.boolean().describe('nothing but enrolling one is allowed before'),
  enrolBefore: z.iso.datetime().nullable().describe('until when one can do without'),
  totp: z.strictObject({ enrolledAt: z.iso.datetime().nullable() }),
  passkeys: z.array(passkeyView),
  recoveryCodes: z.strictObject({ left: z.int(), of: z.int().describe('size of the set; 0 when there is none') }),
})
export type FactorsView = z.infer<typeof factorsView>

export const totpEnrolment = z.strictObject({
  secret: z.string().describe('base 32, for who cannot scan'),
  uri: z.string().describe('the `otpauth:` address that authenticator apps read from a QR code'),
  qrSvg: z.string().describe('that QR code, as SVG'),
})
export type TotpEnrolment = z.infer<typeof totpEnrolment>

export const confirmTotpRequest = z.strictObject({ code: z.string().trim().min(1).max(64) })
export type ConfirmTotpRequest = z.infer<typeof confirmTotpRequest>

export const recoveryCodesView = z.strictObject({
  codes: z.array(z.string()).describe('shown this once; each counts once'),
})
export type RecoveryCodesView = z.infer<typeof recoveryCodesView>
