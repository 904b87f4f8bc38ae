import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { everyPage, tenantIdOf } from '../everything.ts'

/** `tenants list|create|suspend|resume`: the operator's. */
export function addTenantCommands(program: Command, run: Runner): void {
  const tenants = program.command('tenants').description('organisations on this server (operators)')
  tenants.command('list').description('list them').action(run(list))
  tenants
    .command('create <slug> <name>')
    .description('create one with its first administrator')
    .requiredOption('--administrator <user>', 'user name of the first administrator')
    .option('--namespace <name...>', 'network namespaces that its networks may be in', ['host'])
    .action(run(create))
  const suspend = (suspended: boolean) =>
    run((context: Context, tenant: string) => setSuspended(context, tenant, suspended))
  tenants.command('suspend <tenant>').description('let nobody of it in').action(suspend(true))
  tenants.command('resume <tenant>').description('let them in again').action(suspend(false))
}

async function list(context: Context): Promise<void> {
  const api = await context.api()
  const tenants = await everyPage((query) => answerOf(api.GET('/api/v1/platform/tenants', { params: { query } })))
  await context.showList(tenants, [
    ['tenant', ({ slug }) => slug],
    ['name', ({ name }) => name],
    ['suspended', ({ suspended }) => suspended],
    ['namespaces', ({ namespaces }) => namespaces.join(', ')],
    ['since', ({ createdAt }) => createdAt],
    ['id', ({ tenantId }) => tenantId],
  ])
}

async function create(
  context: Context,
  slug: string,
  name: string,
  { administrator, namespace }: { readonly administrator: string; readonly namespace: string[] },
): Promise<void> {
  const api = await context.api()
  const body = { slug, name, administrator: { username: administrator }, namespaces: namespace }
  const created = await answerOf(api.POST('/api/v1/platform/tenants', { body }))
  await context.show(created, (made) => ({
    tenant: made.slug,
    id: made.tenantId,
    administrator: made.administrator.username,
    'one-time password': made.administrator.oneTimePassword,
  }))
}

async function setSuspended(context: Context, tenant: string, suspended: boolean): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await tenantIdOf(api, tenant) } }
  await answerOf(api.PATCH('/api/v1/platform/tenants/{id}', { params, body: { suspended } }))
  context.done(suspended ? `${tenant} is suspended.` : `${tenant} is in service.`)
}
