import { Buffer, isUtf8 } from 'node:buffer'

/** A question that a client may answer with its next attempt to connect. */
export interface DynamicChallenge {
  /** Comes back with the answer; 1–64 characters of `[A-Za-z0-9_-]`. */
  readonly stateId: string
  readonly username: string
  readonly prompt: string
  /** Whether the answer is shown while it is typed. */
  readonly echo: boolean
}

const STATE_ID = /^[A-Za-z0-9_-]{1,64}$/
const RESPONSE_HEAD = 'CR_RESPONSE,'
/** Longest answer that is looked at, in base64. */
const MAX_RESPONSE_LENGTH = 344
const CONTROL_CHARACTER = /\p{Cc}/u

/** Writes a question as the reason of AUTH_FAILED; `undefined` when its state could not come back as it is. */
export function dynamicChallengeText({ stateId, username, prompt, echo }: DynamicChallenge): string | undefined {
  if (!STATE_ID.test(stateId)) return undefined
  return `CRV1:${flags(echo)}:${stateId}:${Buffer.from(username, 'utf8').toString('base64')}:${prompt}`
}

/** Writes a question for INFO_PRE, to be answered with CR_RESPONSE while the client waits. */
export function textChallengeText(prompt: string, echo: boolean): string {
  return `CR_TEXT:${flags(echo)}:${prompt}`
}

/** Reads a client's answer to a text question; `undefined` for any other message and for answers that are no text. */
export function parseChallengeResponse(message: string): string | undefined {
  const encoded = message.startsWith(RESPONSE_HEAD) ? message.slice(RESPONSE_HEAD.length) : undefined
  if (encoded === undefined || encoded.length > MAX_RESPONSE_LENGTH) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  return CONTROL_CHARACTER.test(text) ? undefined : text
}

function flags(echo: boolean): string {
  return echo ? 'R,E' : 'R'
}
