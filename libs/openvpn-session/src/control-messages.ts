import type { Refusal } from './actions.ts'

const MAX_REASON_LENGTH = 200

/** Tells a client that it is refused, and when to come back if it can understand that. */
export function authFailedMessage(refusal: Refusal, understandsTemporary: boolean): string {
  const { message, temporary } = refusal
  if (temporary === undefined || !understandsTemporary) return `AUTH_FAILED,${printable(message)}`
  return `AUTH_FAILED,TEMP[backoff ${String(Math.ceil(temporary.backoffSeconds))}]:${printable(message)}`
}

/** Tells a client that its connection ends by order. After `restart` it comes back with the credentials it has. */
export function endMessage(how: 'halt' | 'restart' | 'auth-failed', reason: string): string {
  switch (how) {
    case 'halt':
      return `HALT,${printable(reason)}`
    case 'restart':
      return `RESTART,[P]:${printable(reason)}`
    case 'auth-failed':
      return `AUTH_FAILED,${printable(reason)}`
  }
}

/** Makes a client drop its session token and ask its user again. */
export const SESSION_OVER_MESSAGE = endMessage('auth-failed', 'The session has ended: sign in again')
/** Makes a client come back, so that it is authorised then. */
export const NOT_RENEWED_MESSAGE = endMessage('restart', 'The connection could not be renewed')

/** Reasons come from other services: whatever a client could stumble over is replaced, and long ones are cut. */
function printable(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON_LENGTH)
}
