import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { ownName } from '../http/own-name.ts'

const MAX_CREDENTIAL_ID_CHARACTERS = 1364
const base64url = (maxCharacters: number): z.ZodString =>
  z
    .string()
    .max(maxCharacters)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding')

/** WebAuthn §4: at most 1023 bytes. */
const credentialId = base64url(MAX_CREDENTIAL_ID_CHARACTERS)
const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const
const passkeyName = ownName.describe('what the user calls it, for example "Laptop"')

/** What a browser's `PublicKeyCredential.toJSON()` gives after `navigator.credentials.create()`; more fields are ignored. */
export const passkeyAttestation = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8192),
    attestationObject: base64url(32_768),
    transports: z
      .array(z.string().max(32))
      .max(16)
      .default([])
      .transform((names) => TRANSPORTS.filter((known) => names.includes(known))),
  }),
})
export type PasskeyAttestation = z.infer<typeof passkeyAttestation>

/** The same after `navigator.credentials.get()`. */
export const passkeyAssertion = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(8192),
    signature: base64url(8192),
    userHandle: base64url(128)
      .nullish()
      .transform((handle) => handle ?? undefined),
  }),
})
export type PasskeyAssertion = z.infer<typeof passkeyAssertion>

const descriptors = z.array(
  z.object({ id: z.string(), type: z.literal('public-key'), transports: z.array(z.string()).optional() }),
)

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export const passkeyRequestOptions = z.looseObject({
  rpId: z.string().optional(),
  challenge: z.string().describe('base64url'),
  timeout: z.number().optional().describe('milliseconds'),
  userVerification: z.string().optional(),
  allowCredentials: descriptors.optional(),
})
export type PasskeyRequestOptions = z.infer<typeof passkeyRequestOptions>

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export const passkeyCreationOptions = z.looseObject({
  rp: z.object({ id: z.string().optional(), name: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
  challenge: z.string().describe('base64url'),
  pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })),
  timeout: z.number().optional().describe('milliseconds'),
  excludeCredentials: descriptors.optional(),
  attestation: z.string().optional(),
})
export type PasskeyCreationOptions = z.infer<typeof passkeyCreationOptions>

export const addPasskeyRequest = z.strictObject({ name: passkeyName, attestation: passkeyAttestation })
export type AddPasskeyRequest = z.infer<typeof addPasskeyRequest>

export const renamePasskeyRequest = z.strictObject({ name: passkeyName })
export type RenamePasskeyRequest = z.infer<typeof renamePasskeyRequest>

export const passkeyView = z.strictObject({
  passkeyId: uuid,
  name: z.string(),
  backedUp: z.boolean().describe('whether it is synchronised between devices'),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type PasskeyView = z.infer<typeof passkeyView>
