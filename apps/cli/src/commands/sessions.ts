import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'

/** `sessions list|end`: the connections of the VPN. */
export function addSessionCommands(program: Command, run: Runner): void {
  const sessions = program.command('sessions').description('who is connected')
  sessions
    .command('list')
    .description('list the connections')
    .option('--own', 'only your own')
    .option('--ended', 'also those that have ended')
    .action(run(list))
  sessions.command('end <id>').description('end one').option('--own', 'one of your own').action(run(end))
}

async function list(
  context: Context,
  { own = false, ended = false }: { readonly own?: boolean; readonly ended?: boolean },
): Promise<void> {
  const api = await context.api()
  const connections = await answerOf(own ? api.GET('/api/v1/me/connections') : api.GET('/api/v1/connections'))
  const shown = connections.filter(({ endedAt }) => ended || endedAt === null)
  await context.showList(shown, [
    ['user', ({ username }) => username],
    ['device', ({ deviceName }) => deviceName],
    ['from', ({ remote }) => remote],
    ['address', ({ ipv4, ipv6 }) => ipv4 ?? ipv6],
    ['node', ({ node }) => node],
    ['since', ({ authorisedAt }) => authorisedAt],
    ...(ended ? [['ended', ({ endReason }: { endReason: string | null }) => endReason] as const] : []),
    ['id', ({ connectionId }) => connectionId],
  ])
}

async function end(context: Context, id: string, { own = false }: { readonly own?: boolean }): Promise<void> {
  const api = await context.api()
  const params = { path: { id } }
  if (own) await answerOf(api.DELETE('/api/v1/me/connections/{id}', { params }))
  else await answerOf(api.DELETE('/api/v1/connections/{id}', { params }))
  context.done('The connection ends.')
}
