import { Buffer } from 'node:buffer'

import type { Advance, ClientOutcome, PendingDialogue } from './client-actions.ts'

/** A control message of a server, understood. */
export type ServerMessage =
  | { readonly type: 'push-reply' }
  | { readonly type: 'push-update'; readonly options: readonly string[] }
  | { readonly type: 'pending'; readonly timeoutSeconds: number | undefined }
  | { readonly type: 'dialogue'; readonly dialogue: PendingDialogue }
  | { readonly type: 'info'; readonly message: string }
  | { readonly type: 'end'; readonly outcome: ClientOutcome }
  | { readonly type: 'exit' }
  | { readonly type: 'unknown' }

const AUTH_FAILED = 'AUTH_FAILED'
const TEMPORARY = /^TEMP(?:\[([^\]]*)\])?(?::(.*))?$/
const CHALLENGE = /^CRV1:([RE,]*):([^:]*):([A-Za-z0-9+/=]*):(.*)$/
const DIALOGUE_TEXT = /^CR_TEXT:([RE,]*):(.*)$/
const DIALOGUE_WEB = /^(?:WEB_AUTH:[^:]*|OPEN_URL):(.*)$/
const FLAGS_OF_RESTART = /^\[([A-Z]*)\]:?/

/** Reads one message. `readsRestartFlags`: the letters in brackets that the 2.x line knows beside `[P]:`. */
export function readServerMessage(text: string, readsRestartFlags: boolean): ServerMessage {
  const comma = text.indexOf(',')
  const word = comma < 0 ? text : text.slice(0, comma)
  const rest = comma < 0 ? '' : text.slice(comma + 1)
  switch (word) {
    case 'PUSH_REPLY':
      return { type: 'push-reply' }
    case 'PUSH_UPDATE':
      return rest === '' ? { type: 'unknown' } : { type: 'push-update', options: rest.split(',') }
    case AUTH_FAILED:
      return { type: 'end', outcome: readRefusal(rest) }
    case 'AUTH_PENDING':
      return { type: 'pending', timeoutSeconds: numberAfter('timeout ', rest) }
    case 'INFO_PRE':
      return readDialogue(rest)
    case 'INFO':
      return { type: 'info', message: rest }
    case 'HALT':
      return { type: 'end', outcome: { reason: 'halt', message: rest } }
    case 'RESTART':
      return { type: 'end', outcome: readRestart(rest, readsRestartFlags) }
    case 'EXIT':
      return { type: 'exit' }
    default:
      return { type: 'unknown' }
  }
}

function readRefusal(text: string): ClientOutcome {
  const refused = { reason: 'refused', message: text, sessionExpired: false } as const
  const [isTemporary, flags, temporaryText] = TEMPORARY.exec(text) ?? []
  if (isTemporary !== undefined) {
    const words = flags?.split(',') ?? []
    const backoffSeconds = words.map((flag) => numberAfter('backoff ', flag)).find((seconds) => seconds !== undefined)
    const advance = words.map(readAdvance).find((choice) => choice !== undefined) ?? 'addr'
    return { ...refused, message: temporaryText ?? '', temporary: { backoffSeconds, advance }, challenge: undefined }
  }
  const [isChallenge, challengeFlags = '', stateId = '', username = '', prompt = ''] = CHALLENGE.exec(text) ?? []
  if (isChallenge === undefined) {
    const sessionExpired = text.startsWith('SESSION:')
    return { ...refused, sessionExpired, temporary: undefined, challenge: undefined }
  }
  const letters = challengeFlags.split(',')
  const [echo, responseRequired] = [letters.includes('E'), letters.includes('R')]
  const challenge = { stateId, username: fromBase64(username), prompt, echo, responseRequired }
  return { ...refused, message: prompt, temporary: undefined, challenge }
}

function readAdvance(flag: string): Advance | undefined {
  return (['no', 'addr', 'remote'] as const).find((choice) => flag === `advance ${choice}`)
}

function readRestart(text: string, readsFlags: boolean): ClientOutcome {
  if (!readsFlags) {
    const preserve = text.startsWith('[P]:')
    return { reason: 'restart', message: preserve ? text.slice(4) : text, preserve, nextRemote: false }
  }
  const [prefix = '', letters = ''] = FLAGS_OF_RESTART.exec(text) ?? []
  const [preserve, nextRemote] = [letters.includes('P'), letters.includes('N')]
  return { reason: 'restart', message: text.slice(prefix.length), preserve, nextRemote }
}

function readDialogue(text: string): ServerMessage {
  const [isText, flags = '', prompt = ''] = DIALOGUE_TEXT.exec(text) ?? []
  if (isText !== undefined) {
    return { type: 'dialogue', dialogue: { kind: 'text', prompt, echo: flags.split(',').includes('E') } }
  }
  const [, url] = DIALOGUE_WEB.exec(text) ?? []
  return url === undefined ? { type: 'info', message: text } : { type: 'dialogue', dialogue: { kind: 'web', url } }
}

function numberAfter(prefix: string, text: string): number | undefined {
  const digits = text.startsWith(prefix) ? text.slice(prefix.length) : ''
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}
