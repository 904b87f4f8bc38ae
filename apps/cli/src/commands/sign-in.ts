import { hostname } from 'node:os'

import { answerOf, type ApiClient, SessionCookie } from '@sallyport/api-client'
import { Secret } from '@sallyport/foundation'
import type { Command } from 'commander'

import { FoundBadError, UsageError } from '../cli-error.ts'
import type { Context, Runner } from '../context.ts'

const HOUR_SECONDS = 3600
const DEFAULT_HOURS = '12'

interface SignInOptions {
  readonly tenant?: string
  readonly user?: string
  readonly hours: string
}

/** `sign-in`, `sign-out` and `whoami`. */
export function addSignInCommands(program: Command, run: Runner): void {
  program
    .command('sign-in')
    .description('sign in; asks for the password and the second factor')
    .option('--tenant <name>', 'the short name of the organisation')
    .option('--user <name>', 'the user name')
    .option('--hours <number>', 'how long the sign-in lasts', DEFAULT_HOURS)
    .action(run(signIn))
  program.command('sign-out').description('revoke and forget the sign-in').action(run(signOut))
  program.command('whoami').description('tell who is signed in').action(run(whoAmI))
}

async function signIn(context: Context, options: SignInOptions): Promise<void> {
  const expiresInSeconds = Number(options.hours) * HOUR_SECONDS
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds <= 0)
    throw new UsageError('--hours is no number of hours.')
  const { terminal } = context
  const session = new SessionCookie()
  const { api, server } = await context.connection.openFor(session)
  const tenant = options.tenant ?? (await terminal.ask('Organisation:'))
  const username = options.user ?? (await terminal.ask('User name:'))
  const password = await terminal.askSecret('Password:')
  await prove(context, api, { tenant, username, password })
  const scopes = 'all' as const
  const body = { name: `sallyport on ${hostname()}`.slice(0, 64), scopes, expiresInSeconds }
  const { token, tokenId, expiresAt } = await answerOf(api.POST('/api/v1/me/api-tokens', { body }))
  await context.credentials.save({ server, tokenId, token: new Secret(token) })
  await answerOf(api.POST('/api/v1/sign-out'))
  context.done(`Signed in as ${username} until ${expiresAt}.`)
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
    if (!methods.includes('totp') && !methods.includes('recovery-code'))
      throw new FoundBadError('passkey-only', 'Your second factor needs a browser. Make an API token in the portal.')
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

async function signOut(context: Context): Promise<void> {
  const stored = await context.credentials.load()
  if (stored === undefined) {
    context.done('Nobody was signed in.')
    return
  }
  const path = { id: stored.tokenId }
  try {
    const api = await context.api()
    await answerOf(api.DELETE('/api/v1/me/api-tokens/{id}', { params: { path } }))
  } finally {
    // Forgotten here in any case: a token that is dead already cannot be revoked.
    await context.credentials.remove()
  }
  context.done('Signed out.')
}

async function whoAmI(context: Context): Promise<void> {
  const api = await context.api()
  const me = await answerOf(api.GET('/api/v1/me'))
  await context.show(me, ({ user, tenant, factors }) => ({
    user: user.username,
    role: user.role,
    organisation: `${tenant.name} (${tenant.slug})`,
    factors: factors.enrolled.join(', '),
  }))
}
