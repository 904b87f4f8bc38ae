import { hostname } from 'node:os'

import { answerOf } from '@sallyport/api-client'
import { Secret } from '@sallyport/foundation'
import type { Command } from 'commander'

import { UsageError } from '../cli-error.ts'
import type { Context, Runner } from '../context.ts'
import { asPerson } from '../personal-session.ts'

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
  await asPerson(context, options, async ({ api, server, username }) => {
    const scopes = 'all' as const
    const body = { name: `sallyport on ${hostname()}`.slice(0, 64), scopes, expiresInSeconds }
    const { token, tokenId, expiresAt } = await answerOf(api.POST('/api/v1/me/api-tokens', { body }))
    await context.credentials.save({ server, tokenId, token: new Secret(token) })
    context.done(`Signed in as ${username} until ${expiresAt}.`)
  })
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
