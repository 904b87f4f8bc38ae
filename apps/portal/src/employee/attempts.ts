import type { Attempt } from './own-queries.ts'

const RECENT_MS = 24 * 3600_000

/**
 * Finds the failure that the reader may still wonder about: the last attempt to connect was refused, not long ago. What
 * was followed by a success needs no word any more. With a device, only its attempts count.
 */
export function recentFailureOf(attempts: readonly Attempt[], nowMs: number, deviceId?: string): Attempt | undefined {
  const last = attempts.find(
    ({ kind, result, device }) =>
      kind !== 'portal-sign-in' && result !== 'asked' && (deviceId === undefined || device?.deviceId === deviceId),
  )
  if (last?.result !== 'refused') return undefined
  return nowMs - Date.parse(last.at) <= RECENT_MS ? last : undefined
}
