/** Below this a code of an authenticator app is still taken: one step of 30 s either way, and some time to type. */
const TOLERATED_MS = 60_000

/** How wrong this machine's clock is, in the unit that people would say it in. */
export interface ClockError {
  readonly direction: 'ahead' | 'behind'
  readonly minutes: number
}

let aheadMs = 0

/**
 * Notes the service's clock, as an answer shows it (RFC 9110 §6.6.1, in whole seconds). Only of calls that no cache
 * answers.
 */
export function noteServerTime(date: string | null, nowMs: number): void {
  const serverMs = date === null ? Number.NaN : Date.parse(date)
  if (!Number.isNaN(serverMs)) aheadMs = nowMs - serverMs
}

/** Says how wrong this machine's clock was at the last answer; `undefined` when it is right enough for codes. */
export function clockError(): ClockError | undefined {
  const offMs = Math.abs(aheadMs)
  if (offMs <= TOLERATED_MS) return undefined
  return { direction: aheadMs > 0 ? 'ahead' : 'behind', minutes: Math.max(1, Math.round(offMs / 60_000)) }
}

/** Gives the time at the service, for what ends there. */
export function serverNowMs(nowMs: number): number {
  return nowMs - aheadMs
}
