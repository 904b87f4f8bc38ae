import type { Device } from '@sallyport/database'
import type { VpnSession } from '@sallyport/identity'

/**
 * Gives the login that a token belongs to as it is now: one that was extended began later than the token knows. That
 * counts for tokens of this login on this device alone; how old the token itself is stays as it is.
 */
export function presentLogin(
  { extendedLoginId, extendedLoginAt }: Pick<Device, 'extendedLoginId' | 'extendedLoginAt'>,
  { sessionId, initialMs }: VpnSession,
): VpnSession {
  const isExtended = extendedLoginAt !== null && extendedLoginId === sessionId
  return { sessionId, initialMs: isExtended ? Math.max(initialMs, extendedLoginAt.getTime()) : initialMs }
}
