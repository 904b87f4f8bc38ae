import { dynamicChallengeText, textChallengeText } from '@sallyport/openvpn-wire'

import type { PendingAuthentication, Refusal } from './actions.ts'
import type { ClientAbilities } from './client-abilities.ts'

const MAX_REASON_LENGTH = 200
/** A longer one would not fit into the message of clients of the 2.x line, with some room for what is around it. */
const MAX_URL_LENGTH = 900
const URL_TEXT = /^[\x21-\x2b\x2d-\x7e]+$/

/**
 * Tells a client that it is refused and, as far as it understands that, what it may do about it. One that showed its
 * session token and is refused for the moment comes back with it: AUTH_FAILED would make older clients forget the token.
 */
export function refusalMessage(refusal: Refusal, abilities: ClientAbilities | undefined, showedToken: boolean): string {
  const { challenge, sessionExpired, temporary } = refusal
  const message = printable(refusal.message)
  if (challenge !== undefined && abilities?.dialogues.includes('dynamic-challenge') === true) {
    const text = dynamicChallengeText({ ...challenge, prompt: printable(challenge.prompt) })
    if (text !== undefined) return `AUTH_FAILED,${text}`
  }
  if (sessionExpired === true) return `AUTH_FAILED,SESSION: ${message}`
  if (temporary === undefined) return `AUTH_FAILED,${message}`
  if (abilities?.temporaryFailure !== true) {
    return showedToken ? endMessage({ how: 'restart', reason: message }, abilities) : `AUTH_FAILED,${message}`
  }
  const flags = [`backoff ${String(Math.max(0, Math.ceil(temporary.backoffSeconds)))}`]
  if (temporary.advance !== undefined) flags.push(`advance ${temporary.advance}`)
  return `AUTH_FAILED,TEMP[${flags.join(',')}]:${message}`
}

/** How a connection ends by order. */
export interface EndOrder {
  readonly how: 'halt' | 'restart' | 'auth-failed' | 'exit'
  readonly reason: string
  readonly advance?: boolean
}

/**
 * Tells a client that its connection ends by order, in the form of its family. After a restart it comes back with the
 * credentials that it has; EXIT is only for clients that were told that it may come.
 */
export function endMessage({ how, reason, advance }: EndOrder, abilities: ClientAbilities | undefined): string {
  const text = printable(reason)
  if (how === 'halt') return `HALT,${text}`
  if (how === 'auth-failed') return `AUTH_FAILED,${text}`
  if (how === 'exit' && abilities?.family.exit === true && abilities.protocolFlags) return 'EXIT'
  const { restartHead = '[P]:', restartAdvanceHead = '[P]:' } = abilities?.family ?? {}
  return `RESTART,${advance === true ? restartAdvanceHead : restartHead}${text}`
}

/** Makes a client drop its session token and ask its user again. */
export const SESSION_OVER: EndOrder = { how: 'auth-failed', reason: 'The session has ended: sign in again' }
/** Makes a client come back, so that it is authorised then. */
export const NOT_RENEWED: EndOrder = { how: 'restart', reason: 'The connection could not be renewed' }

/** Says that the decision waits; `undefined` when this client has no such message. */
export function pendingMessage(
  timeoutSeconds: number,
  { family, pendingTimeout }: ClientAbilities,
): string | undefined {
  if (family.pendingAuthentication === 'never') return undefined
  return pendingTimeout ? `AUTH_PENDING,timeout ${String(timeoutSeconds)}` : 'AUTH_PENDING'
}

/** Asks the user while the client waits; `undefined` when this client cannot ask that. */
export function dialogueMessage(
  method: PendingAuthentication['method'],
  abilities: ClientAbilities,
): string | undefined {
  if (method.kind === 'text') {
    const asks = abilities.dialogues.includes('text')
    return asks ? `INFO_PRE,${textChallengeText(printable(method.prompt), method.echo)}` : undefined
  }
  const { url } = method
  if (abilities.webDialogue === undefined || url.length > MAX_URL_LENGTH || !URL_TEXT.test(url)) return undefined
  return abilities.webDialogue === 'WEB_AUTH' ? `INFO_PRE,WEB_AUTH::${url}` : `INFO_PRE,OPEN_URL:${url}`
}

/** Something for the user to read. */
export function infoMessage(text: string): string {
  return `INFO,${printable(text)}`
}

/** Reasons come from other services: whatever a client could stumble over is replaced, and long ones are cut. */
function printable(reason: string): string {
  return reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON_LENGTH)
}
