/** What HTTP basic authentication carries (RFC 7617), or the answer to a challenge in its place. */
export type ShownCredentials =
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  | { readonly kind: 'answer'; readonly name: string; readonly challenge: string; readonly response: string }

const BASIC = /^Basic +([A-Za-z0-9+/=]+)$/i
/** The CRV1 answer of OpenVPN's management protocol: the part between the colons is unused. */
const ANSWER = /^CRV1::([A-Za-z0-9_-]{1,64})::(.*)$/s

/** Reads the header; `undefined` when it is missing or not of this kind. */
export function parseBasicCredentials(header: string | undefined): ShownCredentials | undefined {
  const encoded = BASIC.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)]
  const [, challenge, response] = ANSWER.exec(password) ?? []
  if (challenge === undefined || response === undefined) return { kind: 'password', name, password }
  return { kind: 'answer', name, challenge, response }
}
