/** What a server asks of a client's user in the middle of connecting. */
export type ClientChallenge =
  /** AUTH_FAILED,CRV1: the client connects again, with the answer as its password. */
  | { readonly kind: 'dynamic'; readonly prompt: string; readonly stateId: string; readonly username: string }
  /** CR_TEXT while authentication is pending: the answer goes over the open connection. */
  | { readonly kind: 'text'; readonly prompt: string }

const DYNAMIC = /^>PASSWORD:Verification Failed: 'Auth' \['CRV1:[^:]*:([^:]*):([^:]*):(.*)'\]$/
const TEXT = /^>INFOMSG:CR_TEXT:[^:]*:(.*)$/

/** Reads a challenge from a line of the management interface; undefined when it is something else. */
export function challengeOf(line: string): ClientChallenge | undefined {
  const [, stateId, username, prompt] = DYNAMIC.exec(line) ?? []
  if (stateId !== undefined && username !== undefined && prompt !== undefined) {
    return { kind: 'dynamic', stateId, username: Buffer.from(username, 'base64').toString(), prompt }
  }
  const text = TEXT.exec(line)?.[1]
  return text === undefined ? undefined : { kind: 'text', prompt: text }
}
