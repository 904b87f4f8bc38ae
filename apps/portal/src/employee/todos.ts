import type { Me } from '../session/me.ts'
import type { OwnFactors } from '../session/own-factors.ts'
import type { Device } from './own-queries.ts'

const EXPIRES_SOON_MS = 30 * 24 * 3600_000
const FEW_CODES = 2

/** Something that the reader should do, the most pressing first. */
export type Todo =
  | { readonly kind: 'factor'; readonly before: string }
  | { readonly kind: 'expired' | 'expiring' | 'import-renewed'; readonly device: Device }
  | { readonly kind: 'codes'; readonly left: number }

/** How a device's certificate stands. */
export function certificateStateOf({ certificateNotAfter }: Device, nowMs: number): 'good' | 'expiring' | 'expired' {
  const leftMs = Date.parse(certificateNotAfter) - nowMs
  if (leftMs <= 0) return 'expired'
  return leftMs <= EXPIRES_SOON_MS ? 'expiring' : 'good'
}

/** Lists what the reader should do. */
export function todosOf(
  { enrolFactorBefore }: Pick<Me, 'enrolFactorBefore'>,
  factors: OwnFactors | undefined,
  devices: readonly Device[],
  nowMs: number,
): Todo[] {
  const ofDevices = devices.flatMap((device): Todo[] => {
    if (device.renewalPending) return [{ kind: 'import-renewed', device }]
    const kind = certificateStateOf(device, nowMs)
    return kind === 'good' ? [] : [{ kind, device }]
  })
  const left = factors?.recoveryCodes.left ?? 0
  const needsCodes = factors !== undefined && hasFewCodes(factors)
  return [
    ...(enrolFactorBefore === null ? [] : [{ kind: 'factor', before: enrolFactorBefore } as const]),
    ...ofDevices,
    ...(needsCodes ? [{ kind: 'codes', left } as const] : []),
  ]
}

/** Codes stand in for another factor: who has none of those needs no codes. */
function hasFewCodes({ policy, totp, passkeys, recoveryCodes }: OwnFactors): boolean {
  const hasFactor = totp.enrolledAt !== null || passkeys.length > 0
  return hasFactor && policy.methods.includes('recovery-code') && recoveryCodes.left <= FEW_CODES
}
