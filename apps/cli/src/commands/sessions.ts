import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { everyPage, userIdOf } from '../everything.ts'
import { asSamePerson } from '../personal-session.ts'

interface ListOptions {
  readonly own?: boolean
  readonly ended?: boolean
  readonly search?: string
  readonly user?: string
}

/** `sessions list|end|extend`: the connections of the VPN. */
export function addSessionCommands(program: Command, run: Runner): void {
  const sessions = program.command('sessions').description('who is connected')
  sessions
    .command('list')
    .description('list the connections')
    .option('--own', 'only your own')
    .option('--ended', 'also those that have ended')
    .option('--search <text>', 'those with this text in a user, device, network, node or address')
    .option('--user <user>', 'those of this user')
    .action(run(list))
  sessions.command('end <id>').description('end one').option('--own', 'one of your own').action(run(end))
  sessions
    .command('extend <id>')
    .description('begin the login of one of your own anew; asks for the password and the second factor')
    .action(run(extend))
}

async function list(context: Context, { own = false, ended = false, search, user }: ListOptions): Promise<void> {
  const api = await context.api()
  const filter = { ...(ended ? {} : { state: 'live' as const }), ...(search === undefined ? {} : { search }) }
  const userId = user === undefined || own ? {} : { userId: await userIdOf(api, user) }
  const connections = await everyPage((part) => {
    const query = { ...part, ...filter }
    return answerOf(
      own
        ? api.GET('/api/v1/me/connections', { params: { query } })
        : api.GET('/api/v1/connections', { params: { query: { ...query, ...userId } } }),
    )
  })
  await context.showList(connections, [
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

async function extend(context: Context, id: string): Promise<void> {
  await asSamePerson(context, async ({ api }) => {
    const params = { path: { id } }
    const extended = await answerOf(api.POST('/api/v1/me/connections/{id}/extend', { params }))
    await context.show(extended, ({ sessionEndsAt }) => ({ 'session ends': sessionEndsAt }))
  })
}
