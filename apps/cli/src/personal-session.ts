import { answerOf, type ApiClient, SessionCookie } from '@sallyport/api-client'

import { FoundBadError, UsageError } from './cli-error.ts'
import type { Context } from './context.ts'

/** A person who has just signed in. */
export interface SignedIn {
  /** The API as this person, with a session of their own. */
  readonly api: ApiClient
  readonly server: string
  readonly username: string
}

/**
 * Asks for the password and the second factor, does something with the session of that person, and ends it. What is not
 * said of who it is is asked as well.
 */
export async function asPerson<Result>(
  context: Context,
  { tenant, user }: { readonly tenant?: string | undefined; readonly user?: string | undefined },
  act: (person: SignedIn) => Promise<Result>,
): Promise<Result> {
  const { terminal } = context
  const { api, server } = await context.connection.openFor(new SessionCookie())
  const organisation = tenant ?? (await terminal.ask('Organisation:'))
  const username = user ?? (await terminal.ask('User name:'))
  const password = await terminal.askSecret('Password:')
  await prove(context, api, { tenant: organisation, username, password })
  try {
    return await act({ api, server, username })
  } finally {
    // Nobody else has its id, and it ends by itself.
    await answerOf(api.POST('/api/v1/sign-out')).catch(() => undefined)
  }
}

/** The same for the person who is signed in here, or whose API token is used: a token may not do everything. */
export async function asSamePerson<Result>(
  context: Context,
  act: (person: SignedIn) => Promise<Result>,
): Promise<Result> {
  const { tenant, user } = await answerOf((await context.api()).GET('/api/v1/me'))
  context.terminal.tell(`This needs a new proof that you are ${user.username} of ${tenant.slug}.`)
  return asPerson(context, { tenant: tenant.slug, user: user.username }, act)
}

/** Takes the session to where nothing is left to prove. */
async function prove(
  { terminal }: Context,
  api: ApiClient,
  credentials: { readonly tenant: string; readonly username: string; readonly password: string },
): Promise<void> {
  let state = await answerOf(api.POST('/api/v1/sign-in', { body: credentials }))
  if (state.status === 'factor-required') {
    const { challenge, methods } = state
    if (!methods.includes('totp') && !methods.includes('recovery-code')) {
      const message = 'Your second factor needs a browser. Do it in the portal, or make an API token there.'
      throw new FoundBadError('passkey-only', message)
    }
    const code = (await terminal.askSecret('Code of your authenticator app, or a recovery code:')).trim()
    const method = /^\d{6}$/.test(code) ? 'totp' : 'recovery-code'
    state = await answerOf(api.POST('/api/v1/sign-in/factor', { body: { challenge, method, code } }))
  }
  if (state.status !== 'signed-in') throw new FoundBadError('factor-required', 'The server wants yet another factor.')
  if (state.mustChangePassword) {
    terminal.tell('Your password was given to you by somebody else. Please choose your own.')
    const newPassword = await terminal.askSecret('New password:')
    if ((await terminal.askSecret('The same again:')) !== newPassword)
      throw new UsageError('The two passwords are not the same. Nothing was changed.')
    const body = { currentPassword: credentials.password, newPassword }
    await answerOf(api.POST('/api/v1/me/password', { body }))
  }
  if (state.mustEnrolFactor) await enrolAuthenticator(terminal, api)
}

/** Where a second factor is required and none is there, an authenticator app can be enrolled without a browser. */
async function enrolAuthenticator(terminal: Context['terminal'], api: ApiClient): Promise<void> {
  const { secret, uri } = await answerOf(api.POST('/api/v1/me/totp'))
  terminal.tell('Your organisation requires a second factor. Please add this account to an authenticator app:')
  terminal.tell(`  ${uri}\n  (or type the secret ${secret})`)
  const code = (await terminal.ask('Code that it shows:')).trim()
  await answerOf(api.POST('/api/v1/me/totp/confirm', { body: { code } }))
}
