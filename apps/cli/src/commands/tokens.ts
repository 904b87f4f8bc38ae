import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { everyPage } from '../everything.ts'
import type { Column } from '../table.ts'

interface ShownToken {
  readonly tokenId: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt: string
  readonly lastUsedAt: string | null
}

const COLUMNS: readonly Column<ShownToken>[] = [
  ['name', ({ name }) => name],
  ['scopes', ({ scopes }) => scopes.join(', ')],
  ['expires', ({ expiresAt }) => expiresAt],
  ['last used', ({ lastUsedAt }) => lastUsedAt],
  ['id', ({ tokenId }) => tokenId],
]

/** `tokens list|revoke`: API tokens. They are made in the portal: only a person who just signed in can. */
export function addTokenCommands(program: Command, run: Runner): void {
  const tokens = program.command('tokens').description('API tokens')
  tokens.command('list').description('list your own').option('--all', 'those of all users').action(run(list))
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

async function revoke(context: Context, id: string, { ofOthers = false }: { ofOthers?: boolean }): Promise<void> {
  const api = await context.api()
  const params = { path: { id } }
  if (ofOthers) await answerOf(api.DELETE('/api/v1/api-tokens/{id}', { params }))
  else await answerOf(api.DELETE('/api/v1/me/api-tokens/{id}', { params }))
  context.done('The token is revoked.')
}
