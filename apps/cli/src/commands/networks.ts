import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { everyPage } from '../everything.ts'

interface CreateOptions {
  readonly ipv4: string
  readonly ipv6?: string
  readonly namespace?: string
  readonly route?: string[]
  readonly dns?: string[]
}

/** `networks list|create`. */
export function addNetworkCommands(program: Command, run: Runner): void {
  const networks = program.command('networks').description('networks of the organisation, which devices connect to')
  networks
    .command('list')
    .description('list them')
    .option('--search <text>', 'those with this text in their name or addresses')
    .action(run(list))
  networks
    .command('create <name>')
    .description('create one with its pool of addresses')
    .requiredOption('--ipv4 <block>', 'where clients get their addresses, for example 10.8.0.0/24')
    .option('--ipv6 <block>', 'the same for IPv6, for example fd00:8::/112')
    .option('--route <block...>', 'what clients reach through it')
    .option('--dns <address...>', 'DNS servers that clients use')
    .option('--namespace <name>', 'network namespace of the nodes; without it the host’s')
    .action(run(create))
}

async function list(context: Context, { search }: { readonly search?: string }): Promise<void> {
  const api = await context.api()
  const filter = search === undefined ? {} : { search }
  const networks = await everyPage((part) =>
    answerOf(api.GET('/api/v1/networks', { params: { query: { ...part, ...filter } } })),
  )
  await context.showList(networks, [
    ['name', ({ name }) => name],
    ['ipv4', ({ ipv4 }) => ipv4],
    ['ipv6', ({ ipv6 }) => ipv6 ?? ''],
    ['routes', ({ routes }) => routes.join(' ')],
    ['id', ({ networkId }) => networkId],
  ])
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { ipv4, ipv6, namespace, route = [], dns = [] } = options
  const api = await context.api()
  const body = {
    ...{ name, ipv4, routes: route, dnsServers: dns },
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  const made = await answerOf(api.POST('/api/v1/networks', { body }))
  await context.show(made, ({ name: called, networkId }) => ({ network: called, id: networkId }))
}
