import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'

/** `authorities list|prepare|activate|retire`. */
export function addAuthorityCommands(program: Command, run: Runner): void {
  const authorities = program.command('authorities').description('certificate authorities of the organisation')
  authorities.command('list').description('list them').action(run(list))
  authorities.command('prepare').description('make the next one, trusted beside the present one').action(run(prepare))
  authorities
    .command('activate <id>')
    .description('let the prepared one sign from now on')
    .option('--force', 'although profiles without it exist: their devices are locked out')
    .action(run(activate))
  authorities
    .command('retire <id>')
    .description('trust an old one no more')
    .option('--force', 'although devices still use it: they are locked out')
    .action(run(retire))
}

async function list(context: Context): Promise<void> {
  const api = await context.api()
  await context.showList(await answerOf(api.GET('/api/v1/authorities')), [
    ['name', ({ name }) => name],
    ['state', ({ state }) => state],
    ['until', ({ notAfter }) => notAfter],
    ['devices', ({ devices }) => devices],
    ['devices without', ({ devicesWithout }) => devicesWithout],
    ['id', ({ authorityId }) => authorityId],
  ])
}

async function prepare(context: Context): Promise<void> {
  const api = await context.api()
  const made = await answerOf(api.POST('/api/v1/authorities'))
  await context.show(made, ({ name, authorityId, notAfter }) => ({ name, id: authorityId, until: notAfter }))
}

async function activate(context: Context, id: string, { force = false }: { force?: boolean }): Promise<void> {
  const api = await context.api()
  await answerOf(api.POST('/api/v1/authorities/{id}/activate', { params: { path: { id } }, body: { force } }))
  context.done('It signs from now on.')
}

async function retire(context: Context, id: string, { force = false }: { force?: boolean }): Promise<void> {
  const api = await context.api()
  await answerOf(api.POST('/api/v1/authorities/{id}/retire', { params: { path: { id } }, body: { force } }))
  context.done('It is trusted no more.')
}
