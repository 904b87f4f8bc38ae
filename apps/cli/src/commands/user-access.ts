import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { userIdOf } from '../everything.ts'

/** `users disable|enable|unlock|reset-password|reset-factors|end-sessions`. */
export function addUserAccessCommands(users: Command, run: Runner): void {
  const setDisabled = (disabled: boolean) =>
    run((context: Context, user: string) => changeDisabled(context, user, disabled))
  users.command('disable <user>').description('end their sessions and let them in no more').action(setDisabled(true))
  users.command('enable <user>').description('let them in again').action(setDisabled(false))
  users.command('unlock <user>').description('forget wrong passwords and codes').action(run(unlock))
  users
    .command('reset-password <user>')
    .description('end their sessions; give a one-time password, or a link to choose one')
    .option('--link', 'a link, by mail where mail is set up')
    .action(run(resetPassword))
  users.command('reset-factors <user>').description('let them enrol a second factor anew').action(run(resetFactors))
  users.command('end-sessions <user>').description('end all their sessions and connections').action(run(endSessions))
}

async function changeDisabled(context: Context, user: string, disabled: boolean): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await userIdOf(api, user) } }
  await answerOf(api.PATCH('/api/v1/users/{id}', { params, body: { disabled } }))
  context.done(`${user} is ${disabled ? 'disabled' : 'enabled'}.`)
}

async function unlock(context: Context, user: string): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await userIdOf(api, user) } }
  await answerOf(api.POST('/api/v1/users/{id}/unlock', { params }))
  context.done(`${user} may try again.`)
}

async function resetPassword(context: Context, user: string, { link = false }: { link?: boolean }): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await userIdOf(api, user) } }
  const body = { by: link ? ('link' as const) : ('one-time-password' as const) }
  const answer = await answerOf(api.POST('/api/v1/users/{id}/reset-password', { params, body }))
  await context.show(answer, (given) => ({
    ...(given.oneTimePassword === undefined ? {} : { 'one-time password': given.oneTimePassword }),
    ...(given.link === undefined
      ? {}
      : { link: given.link.url, 'good until': given.link.expiresAt, mailed: given.link.mailed }),
  }))
}

async function resetFactors(context: Context, user: string): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await userIdOf(api, user) } }
  await answerOf(api.POST('/api/v1/users/{id}/reset-factors', { params }))
  context.done(`${user} has no second factor any more and has to enrol one.`)
}

async function endSessions(context: Context, user: string): Promise<void> {
  const api = await context.api()
  const params = { path: { id: await userIdOf(api, user) } }
  await answerOf(api.POST('/api/v1/users/{id}/end-sessions', { params }))
  context.done(`The sessions of ${user} are over.`)
}
