import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import { FoundBadError } from '../cli-error.ts'
import { readBytes } from '../connection.ts'
import type { Context, Runner } from '../context.ts'
import { everyPage, groupIdOf, userIdOf } from '../everything.ts'
import { userRole, userState } from './words.ts'

interface ListOptions {
  readonly search?: string
  readonly role?: string
  readonly state?: string
  readonly group?: string
}

interface InviteOptions {
  readonly role?: string
  readonly email?: string
  readonly displayName?: string
  readonly group?: string[]
  readonly oneTimePassword?: boolean
}

/** `users list|show|invite|import|delete`. Gives the command, for what else is done with users. */
export function addUserCommands(program: Command, run: Runner): Command {
  const users = program.command('users').description('users of the organisation')
  users
    .command('list')
    .description('list them')
    .option('--search <text>', 'those with this text in a name or address')
    .option('--role <role>', 'administrator, auditor, user')
    .option('--state <state>', 'enabled, disabled, invited, locked')
    .option('--group <group>', 'members of this group')
    .action(run(list))
  users.command('show <user>').description('show one').action(run(show))
  users
    .command('invite <user>')
    .description('create one with a link to choose a password')
    .option('--role <role>', 'administrator, auditor, user')
    .option('--email <address>', 'where to send the link')
    .option('--display-name <name>', 'the name for people')
    .option('--group <group...>', 'groups to put them into')
    .option('--one-time-password', 'give a password to change at the first sign-in, instead of a link')
    .action(run(invite))
  users
    .command('import <file>')
    .description('create those of a CSV file: all or none')
    .option('--dry-run', 'only tell what would happen')
    .action(run(importFile))
  users.command('delete <user>').description('delete one and erase their data').action(run(remove))
  return users
}

async function list(context: Context, { search, role, state, group }: ListOptions): Promise<void> {
  const api = await context.api()
  const filter = {
    ...(search === undefined ? {} : { search }),
    ...(role === undefined ? {} : { role: userRole(role) }),
    ...(state === undefined ? {} : { state: userState(state) }),
    ...(group === undefined ? {} : { groupId: await groupIdOf(api, group) }),
  }
  const users = await everyPage((part) =>
    answerOf(api.GET('/api/v1/users', { params: { query: { ...filter, ...part } } })),
  )
  await context.showList(users, [
    ['user', ({ username }) => username],
    ['name', ({ displayName }) => displayName],
    ['role', (user) => user.role],
    ['state', ({ disabled, hasPassword }) => (disabled ? 'disabled' : hasPassword ? 'enabled' : 'invited')],
    ['factors', ({ factors }) => factors.join(', ')],
    ['groups', ({ groups }) => groups.map(({ name }) => name).join(', ')],
    ['last sign-in', ({ lastSignInAt }) => lastSignInAt],
  ])
}

async function show(context: Context, user: string): Promise<void> {
  const api = await context.api()
  const path = { id: await userIdOf(api, user) }
  await context.show(await answerOf(api.GET('/api/v1/users/{id}', { params: { path } })), (shown) => ({
    user: shown.username,
    id: shown.userId,
    name: shown.displayName,
    email: shown.email,
    role: shown.role,
    disabled: shown.disabled,
    'must change password': shown.mustChangePassword,
    factors: shown.factors.join(', '),
    groups: shown.groups.map(({ name }) => name).join(', '),
    'last sign-in': shown.lastSignInAt,
    since: shown.createdAt,
  }))
}

async function invite(context: Context, username: string, options: InviteOptions): Promise<void> {
  const { role, email, displayName, group = [], oneTimePassword = false } = options
  const api = await context.api()
  const groupIds: string[] = []
  for (const name of group) groupIds.push(await groupIdOf(api, name))
  const body = {
    username,
    groupIds,
    credential: oneTimePassword ? ('one-time-password' as const) : ('invitation' as const),
    ...(role === undefined ? {} : { role: userRole(role) }),
    ...(email === undefined ? {} : { email }),
    ...(displayName === undefined ? {} : { displayName }),
  }
  const created = await answerOf(api.POST('/api/v1/users', { body }))
  await context.show(created, (made) => ({
    user: made.username,
    id: made.userId,
    ...(made.oneTimePassword === undefined ? {} : { 'one-time password': made.oneTimePassword }),
    ...(made.invitation === undefined
      ? {}
      : { link: made.invitation.url, 'good until': made.invitation.expiresAt, mailed: made.invitation.mailed }),
  }))
}

async function importFile(context: Context, file: string, { dryRun = false }: { dryRun?: boolean }): Promise<void> {
  const api = await context.api()
  // The server looks at the encoding: what is no UTF-8 must not become something else on the way.
  const bytes = await readBytes(file)
  const report = await answerOf(
    api.POST('/api/v1/users/import', {
      params: { query: dryRun ? { dryRun: 'true' } : {} },
      body: '',
      bodySerializer: () => bytes,
      headers: { 'content-type': 'text/csv' },
    }),
  )
  if (context.json) await context.show(report, () => ({}))
  else if (report.problems.length > 0) {
    await context.showList(report.problems, [
      ['line', ({ line }) => line],
      ['problem', ({ problem }) => problem],
    ])
  } else if (!dryRun) {
    await context.showList(report.users, [
      ['line', ({ line }) => line],
      ['user', ({ username }) => username],
      ['link', ({ invitation }) => invitation.url],
    ])
  }
  if (report.problemCount > 0)
    throw new FoundBadError('import-problems', `${String(report.problemCount)} problems; nobody was created.`)
  context.done(dryRun ? `${String(report.rows)} users would be created.` : `${String(report.created)} users created.`)
}

async function remove(context: Context, user: string): Promise<void> {
  const api = await context.api()
  const path = { id: await userIdOf(api, user) }
  await answerOf(api.DELETE('/api/v1/users/{id}', { params: { path } }))
  context.done(`${user} is deleted.`)
}
