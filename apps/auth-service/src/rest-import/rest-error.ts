/** A refusal in the form in which OpenVPN Connect reads it. */
export interface RestError {
  readonly status: number
  readonly type: 'Authorization Required' | 'Access denied' | 'Internal Server Error'
  /** Ends with the number by which the client knows what to do. */
  readonly message: string
}

/** Wrong credentials: the client asks for others. */
export function authFailed(status: number, reason: string): RestError {
  return { status, type: 'Authorization Required', message: `AUTH_FAILED: ${reason} (9007)` }
}

/** The password was right and a code is wanted: the client asks for it and calls again with `CRV1::state::code`. */
export function challengeOf(state: string, username: string, text: string): RestError {
  const user = Buffer.from(username).toString('base64')
  return { status: 401, type: 'Authorization Required', message: `CRV1:R,E:${state}:${user}:${text} (9007)` }
}

/** The user has to do something in the portal first. */
export function mustEnrol(reason: string): RestError {
  return { status: 403, type: 'Access denied', message: `${reason} (9008)` }
}

/** Whoever asks for a profile without a password gets none. */
export const NO_AUTOLOGIN: RestError = {
  status: 403,
  type: 'Internal Server Error',
  message: 'NEED_AUTOLOGIN: Profiles without a password are not given. Please import a user-login profile. (9000)',
}

/** Writes the body of a refusal. */
export function restErrorXml({ type, message }: RestError): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Error>',
    `<Type>${escaped(type)}</Type>`,
    '<Synopsis>REST method failed</Synopsis>',
    `<Message>${escaped(message)}</Message>`,
    '</Error>',
  ]
  return `${lines.join('\n')}\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
