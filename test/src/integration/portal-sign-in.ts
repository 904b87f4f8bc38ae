import { ApiClient } from '@sallyport/local-services'
import type { SoftwareAuthenticator } from '@sallyport/testkit'
import { type Misuse } from '@sallyport/testkit'
import { z } from 'zod'

import { PASSWORD, type TestUser } from './auth-service-harness.ts'

const askedForFactor = z.object({
  status: z.literal('factor-required'),
  challenge: z.string(),
  methods: z.array(z.string()),
  expiresInSeconds: z.number(),
  passkeyOptions: z
    .object({ challenge: z.string(), allowCredentials: z.array(z.object({ id: z.string() })) })
    .optional(),
})
const creation = z.object({ challenge: z.string(), user: z.object({ id: z.string() }) })
const factorsView = z.object({
  mustEnrol: z.boolean(),
  enrolBefore: z.string().nullable(),
  totp: z.object({ enrolledAt: z.string().nullable() }),
  passkeys: z.array(z.object({ passkeyId: z.string(), name: z.string(), lastUsedAt: z.string().nullable() })),
  recoveryCodes: z.object({ left: z.number(), of: z.number() }),
})
const recoveryCodes = z.object({ codes: z.array(z.string()) })

/** The first step of a sign-in at the instance of this URL, by somebody without a session; gives the question. */
export async function beginSignIn(user: TestUser, url: string): Promise<z.infer<typeof askedForFactor>> {
  const body = { tenant: user.tenant.slug, username: user.username, password: PASSWORD }
  return askedForFactor.parse(await new ApiClient(url).call('POST', '/sign-in', body))
}

/** The second step; gives `signed-in`, or the code of the refusal. */
export async function answerSignIn(body: object, at: ApiClient): Promise<string> {
  return at.call('POST', '/sign-in/factor', body).then(
    (signedIn) => z.object({ status: z.string() }).parse(signedIn).status,
    (error: unknown) => z.object({ code: z.string() }).parse(error).code,
  )
}

/** What the user sees of their own factors. */
export async function factorsOf(user: TestUser): Promise<z.infer<typeof factorsView>> {
  return factorsView.parse(await user.client.api.call('GET', '/me/factors'))
}

/** A new set of recovery codes. */
export async function makeRecoveryCodes(user: TestUser): Promise<readonly string[]> {
  return recoveryCodes.parse(await user.client.api.call('POST', '/me/recovery-codes')).codes
}

/** What a page gets that begins to add a passkey. */
export async function creationOptions(user: TestUser): Promise<z.infer<typeof creation>> {
  return creation.parse(await user.client.api.call('POST', '/me/passkeys/options'))
}

/** Adds the passkey of an authenticator to the account. */
export async function addPasskey(
  user: TestUser,
  authenticator: SoftwareAuthenticator,
  misuse: Misuse = {},
): Promise<SoftwareAuthenticator> {
  const attestation = authenticator.create(await creationOptions(user), misuse)
  await user.client.api.call('POST', '/me/passkeys', { name: 'Laptop', attestation })
  return authenticator
}
