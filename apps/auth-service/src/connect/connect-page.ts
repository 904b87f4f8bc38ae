import { createHash } from 'node:crypto'

const STYLE =
  'body{max-width:26rem;margin:3rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}' +
  'label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}' +
  'input{margin:.2rem 0 1rem;padding:.5rem}button{padding:.6rem}[role=alert]{border-left:.25rem solid;padding-left:.75rem}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Headers of every page: no scripts, nothing from elsewhere, and no link of it in anybody's referrer. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  // Without a referrer at all, browsers send no usable Origin with a form either.
  'referrer-policy': 'same-origin',
} as const

/** The connection that waits for its user. */
export interface WaitingConnection {
  /** The page's own path. */
  readonly path: string
  readonly tenantName: string
  readonly deviceName: string
  readonly remoteAddress: string
}

/** Writes a page that says one sentence. */
export function sentencePage(title: string, sentence: string): string {
  return page(title, `<p>${escape(sentence)}</p>`)
}

/** Writes the page that asks the user to sign in; `problem` is why an attempt before was refused. */
export function signInPage(waiting: WaitingConnection, problem?: string): string {
  const alert = problem === undefined ? '' : `<p role="alert">${escape(problem)}</p>`
  return page(
    'Sign in to connect',
    `${alert}${description(waiting)}
<form method="post" action="${escape(waiting.path)}/sign-in">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="otp">Code of your authenticator app, or a recovery code</label>
<input id="otp" name="otp" autocomplete="one-time-code" autocapitalize="none" spellcheck="false">
<button type="submit">Sign in</button>
</form>`,
  )
}

/** Writes the page that asks the signed-in user whether the connection is theirs. */
export function approvalPage(waiting: WaitingConnection, username: string): string {
  return page(
    'Confirm your connection',
    `${description(waiting)}
<p>You are signed in as ${escape(username)}. Confirm only if you are connecting this device yourself, just now.</p>
<form method="post" action="${escape(waiting.path)}/approve"><button type="submit">Connect</button></form>`,
  )
}

function description({ tenantName, deviceName, remoteAddress }: WaitingConnection): string {
  return `<p>The device <strong>${escape(deviceName)}</strong> at the address <strong>${escape(remoteAddress)}</strong> wants to connect to ${escape(tenantName)}.</p>`
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)} – Sallyport</title><style>${STYLE}</style></head>
<body><main><h1>${escape(title)}</h1>
${content}
</main></body>
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`)
}
