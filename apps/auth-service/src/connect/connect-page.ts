import { escapeHtml, htmlPage } from '../http/html-page.ts'

/** The connection that waits for its user. */
export interface WaitingConnection {
  /** The page's own path. */
  readonly path: string
  readonly tenantName: string
  readonly deviceName: string
  readonly remoteAddress: string
}

/** Writes the page that asks the user to sign in; `problem` is why an attempt before was refused. */
export function signInPage(waiting: WaitingConnection, problem?: string): string {
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`
  return htmlPage(
    'Sign in to connect',
    `${alert}${description(waiting)}
<form method="post" action="${escapeHtml(waiting.path)}/sign-in">
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
  return htmlPage(
    'Confirm your connection',
    `${description(waiting)}
<p>You are signed in as ${escapeHtml(username)}. Confirm only if you are connecting this device yourself, just now.</p>
<form method="post" action="${escapeHtml(waiting.path)}/approve"><button type="submit">Connect</button></form>`,
  )
}

function description({ tenantName, deviceName, remoteAddress }: WaitingConnection): string {
  return `<p>The device <strong>${escapeHtml(deviceName)}</strong> at the address <strong>${escapeHtml(remoteAddress)}</strong> wants to connect to ${escapeHtml(tenantName)}.</p>`
}
