import type { MfaPolicy } from './policy.ts'

const DAY_MS = 86_400_000

/** Why a user gets no certificate for a device. */
export const DEVICE_DENY_REASONS = [
  'too-many-devices',
  'device-revoked',
  /** A device whose certificate has ended cannot prove that it asks itself. */
  'certificate-expired',
  'renewal-too-early',
] as const
export type DeviceDenyReason = (typeof DEVICE_DENY_REASONS)[number]

/** A wish for a certificate: for one more device beside `devices` that are not revoked, or for a device that has one. */
export type DeviceWish =
  | { readonly kind: 'add'; readonly nowMs: number; readonly devices: number }
  | { readonly kind: 'renew'; readonly nowMs: number; readonly revoked: boolean; readonly certificateEndsAtMs: number }

/** What becomes of such a wish. `renewableFromMs` tells when a refused renewal will be granted. */
export type DeviceDecision =
  | { readonly decision: 'allow'; readonly certificateEndsAtMs: number }
  | { readonly decision: 'deny'; readonly reason: DeviceDenyReason; readonly renewableFromMs?: number }

/** Decides whether a device gets a certificate, and until when it is good. */
export function decideDevice(policy: MfaPolicy, wish: DeviceWish): DeviceDecision {
  const { nowMs } = wish
  const granted = { decision: 'allow', certificateEndsAtMs: nowMs + policy.deviceCertificateDays * DAY_MS } as const
  if (wish.kind === 'add') {
    const isFull = policy.deviceLimit !== null && !(wish.devices < policy.deviceLimit)
    return isFull ? { decision: 'deny', reason: 'too-many-devices' } : granted
  }
  if (wish.revoked) return { decision: 'deny', reason: 'device-revoked' }
  if (!(nowMs < wish.certificateEndsAtMs)) return { decision: 'deny', reason: 'certificate-expired' }
  const renewableFromMs = renewableFrom(policy, wish.certificateEndsAtMs)
  return nowMs >= renewableFromMs ? granted : { decision: 'deny', reason: 'renewal-too-early', renewableFromMs }
}

/** Tells from when a device may renew a certificate that ends then. */
export function renewableFrom(policy: Pick<MfaPolicy, 'deviceRenewalDays'>, certificateEndsAtMs: number): number {
  return certificateEndsAtMs - policy.deviceRenewalDays * DAY_MS
}
