import { generateSecret, generateURI, verify } from 'otplib'

/** What authenticator apps assume when a URI does not say otherwise (RFC 6238 §4, §5.2). */
const DIGITS = 6
const PERIOD_SECONDS = 30
/** RFC 6238 §5.2: one step of transmission delay and clock difference each way. */
const DRIFT_STEPS = [-1, 0, 1] as const

/**
 * What became of a code. `step` is the time step that the code belongs to: the caller stores it in the same transaction
 * that acts on `accepted`, only if it is greater than the stored one, so that two calls at once cannot both win.
 */
export type TotpResult =
  | { readonly result: 'accepted'; readonly step: number }
  | { readonly result: 'reused'; readonly step: number }
  | { readonly result: 'wrong' }

/** Makes a new secret of 160 bits (RFC 4226 §4 R6) in base 32. */
export function generateTotpSecret(): string {
  return generateSecret({ length: 20 })
}

/** Writes the `otpauth:` URI that an authenticator app reads from a QR code; it contains the secret. */
export function totpUri(input: { secret: string; issuer: string; account: string }): string {
  const { secret, issuer, account } = input
  return generateURI({ strategy: 'totp', secret, issuer, label: account, digits: DIGITS, period: PERIOD_SECONDS })
}

/**
 * Checks a code of six digits, with spaces as apps show it (`123 456`) or without, against the current time step and its
 * two neighbours. A right code of a step that is not after `lastUsedStep` is `reused` (RFC 6238 §5.2: one use per step);
 * `null` means that no step was used yet. All steps are always tried, so that the time of the answer does not tell which
 * one matched.
 */
export async function verifyTotp(input: {
  secret: string
  code: string
  nowMs: number
  lastUsedStep: number | null
}): Promise<TotpResult> {
  const code = input.code.replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(code)) return { result: 'wrong' }
  const currentStep = Math.floor(input.nowMs / 1000 / PERIOD_SECONDS)
  const steps: number[] = []
  for (const drift of DRIFT_STEPS) {
    const step = currentStep + drift
    if (await isCodeOfStep(input.secret, code, step)) steps.push(step)
  }
  const lastUsedStep = input.lastUsedStep ?? -1
  const fresh = steps.find((step) => step > lastUsedStep)
  if (fresh !== undefined) return { result: 'accepted', step: fresh }
  const [used] = steps
  return used === undefined ? { result: 'wrong' } : { result: 'reused', step: used }
}

async function isCodeOfStep(secret: string, token: string, step: number): Promise<boolean> {
  const epoch = step * PERIOD_SECONDS
  const outcome = await verify({ strategy: 'totp', secret, token, epoch, digits: DIGITS, period: PERIOD_SECONDS })
  return outcome.valid
}
