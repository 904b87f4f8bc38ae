import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import { UsageError } from '../cli-error.ts'
import type { Context, Runner } from '../context.ts'
import { everyPage } from '../everything.ts'
import { asSamePerson } from '../personal-session.ts'
import type { Column } from '../table.ts'

interface ShownToken {
  readonly tokenId: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt: string
  readonly lastUsedAt: string | null
}

const DAY_SECONDS = 24 * 3600
const ALL = 'all'

interface CreateOptions {
  readonly scope: readonly string[]
  readonly days: string
}

const COLUMNS: readonly Column<ShownToken>[] = [
  ['name', ({ name }) => name],
  ['scopes', ({ scopes }) => scopes.join(', ')],
  ['expires', ({ expiresAt }) => expiresAt],
  ['last used', ({ lastUsedAt }) => lastUsedAt],
  ['id', ({ tokenId }) => tokenId],
]

/** `tokens list|create|revoke`: API tokens. Only a person who just signed in can make one. */
export function addTokenCommands(program: Command, run: Runner): void {
  const tokens = program.command('tokens').description('API tokens')
  tokens.command('list').description('list your own').option('--all', 'those of all users').action(run(list))
  tokens
    .command('create <name>')
    .description('make one; asks for the password and the second factor, and writes the token once')
    .requiredOption('--scope <permission...>', `what it may do of what you may; ${ALL}: all of it`)
    .option('--days <number>', 'how long it lasts', '90')
    .action(run(create))
  tokens
    .command('revoke <id>')
    .description('revoke one of your own')
    .option('--of-others', 'of any user')
    .action(run(revoke))
}

async function list(context: Context, { all = false }: { all?: boolean }): Promise<void> {
  const api = await context.api()
  if (all) {
    const tokens = await everyPage((query) => answerOf(api.GET('/api/v1/api-tokens', { params: { query } })))
    await context.showList(tokens, [['user', ({ username }) => username], ...COLUMNS])
  } else await context.showList(await answerOf(api.GET('/api/v1/me/api-tokens')), COLUMNS)
}

/** The token alone goes to standard output, so that a script can take it from there. */
async function create(context: Context, name: string, { scope, days }: CreateOptions): Promise<void> {
  const expiresInSeconds = Number(days) * DAY_SECONDS
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds <= 0) throw new UsageError('--days is no number of days.')
  await asSamePerson(context, async ({ api }) => {
    const { permissions } = await answerOf(api.GET('/api/v1/me'))
    const scopes = scope.includes(ALL) ? ALL : scope.map((wanted) => permissionOf(permissions, wanted))
    const made = await answerOf(api.POST('/api/v1/me/api-tokens', { body: { name, scopes, expiresInSeconds } }))
    if (context.json) await context.show(made, () => ({}))
    else await context.terminal.write(`${made.token}\n`)
    context.done(`The token ${made.tokenId} is good until ${made.expiresAt}. It is shown only now.`)
  })
}

function permissionOf<Permission extends string>(permissions: readonly Permission[], wanted: string): Permission {
  const permission = permissions.find((one) => one === wanted)
  if (permission === undefined) {
    throw new UsageError(`You have no permission "${wanted}"; you have: ${permissions.join(', ')}.`)
  }
  return permission
}

async function revoke(context: Context, id: string, { ofOthers = false }: { ofOthers?: boolean }): Promise<void> {
  const api = await context.api()
  const params = { path: { id } }
  if (ofOthers) await answerOf(api.DELETE('/api/v1/api-tokens/{id}', { params }))
  else await answerOf(api.DELETE('/api/v1/me/api-tokens/{id}', { params }))
  context.done('The token is revoked.')
}
