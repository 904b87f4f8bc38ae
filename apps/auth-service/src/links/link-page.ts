import { escapeHtml, htmlPage } from '../http/html-page.ts'

/** Whose password is chosen. */
export interface LinkOwner {
  /** The page's own path. */
  readonly path: string
  readonly tenant: { readonly slug: string; readonly name: string }
  readonly username: string
}

/** Writes the page on which somebody who was invited, or forgot their password, chooses one; `problem` is why one was refused. */
export function choosePasswordPage({ path, tenant, username }: LinkOwner, problem?: string): string {
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`
  return htmlPage(
    'Choose a password',
    `${alert}<p>For the user <strong>${escapeHtml(username)}</strong> of ${escapeHtml(tenant.name)}.</p>
<form method="post" action="${escapeHtml(path)}">
<input type="hidden" name="username" autocomplete="username" value="${escapeHtml(username)}">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus>
<label for="again">The same again</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button type="submit">Choose it</button>
</form>`,
  )
}
