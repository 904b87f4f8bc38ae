import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import { UsageError } from '../cli-error.ts'
import type { Context, Runner } from '../context.ts'
import { everyPage, groupIdOf, userIdOf } from '../everything.ts'

/** `groups list|create|delete|order|members|add|remove`. */
export function addGroupCommands(program: Command, run: Runner): void {
  const groups = program.command('groups').description('groups of users; the first one that says something decides')
  groups.command('list').description('list them in their order').action(run(list))
  groups.command('create <group>').description('create one, the last in the order').action(run(create))
  groups.command('delete <group>').description('delete one; its members stay').action(run(remove))
  groups.command('order <groups...>').description('set the order of all groups').action(run(order))
  groups.command('members <group>').description('list who is in one').action(run(members))
  groups.command('add <group> <users...>').description('put users into one').action(run(add))
  groups.command('remove <group> <users...>').description('take users out of one').action(run(takeOut))
}

async function list(context: Context): Promise<void> {
  const api = await context.api()
  const groups = await everyPage((query) => answerOf(api.GET('/api/v1/groups', { params: { query } })))
  await context.showList(groups, [
    ['order', ({ position }) => position],
    ['group', ({ name }) => name],
    ['members', (group) => group.members],
    ['policy', ({ policy }) => Object.keys(policy).join(', ')],
    ['id', ({ groupId }) => groupId],
  ])
}

async function create(context: Context, name: string): Promise<void> {
  const api = await context.api()
  const created = await answerOf(api.POST('/api/v1/groups', { body: { name } }))
  await context.show(created, (group) => ({ group: group.name, id: group.groupId }))
}

async function remove(context: Context, group: string): Promise<void> {
  const api = await context.api()
  const path = { id: await groupIdOf(api, group) }
  await answerOf(api.DELETE('/api/v1/groups/{id}', { params: { path } }))
  context.done(`The group ${group} is deleted.`)
}

async function order(context: Context, names: string[]): Promise<void> {
  const api = await context.api()
  const groups = await everyPage((query) => answerOf(api.GET('/api/v1/groups', { params: { query } })))
  const groupIds = names.map((text) => {
    const found = groups.find(({ groupId, name }) => groupId === text || name === text)
    if (found === undefined) throw new UsageError(`There is no group "${text}".`)
    return found.groupId
  })
  await answerOf(api.PUT('/api/v1/groups/order', { body: { groupIds } }))
  context.done('The order is set.')
}

async function members(context: Context, group: string): Promise<void> {
  const api = await context.api()
  const path = { id: await groupIdOf(api, group) }
  const found = await everyPage((query) =>
    answerOf(api.GET('/api/v1/groups/{id}/members', { params: { path, query } })),
  )
  await context.showList(found, [
    ['user', ({ username }) => username],
    ['name', ({ displayName }) => displayName],
    ['disabled', ({ disabled }) => disabled],
    ['since', ({ since }) => since],
  ])
}

async function add(context: Context, group: string, users: string[]): Promise<void> {
  const api = await context.api()
  const id = await groupIdOf(api, group)
  for (const user of users) {
    const path = { id, userId: await userIdOf(api, user) }
    await answerOf(api.PUT('/api/v1/groups/{id}/members/{userId}', { params: { path } }))
    context.done(`${user} is in ${group}.`)
  }
}

async function takeOut(context: Context, group: string, users: string[]): Promise<void> {
  const api = await context.api()
  const id = await groupIdOf(api, group)
  for (const user of users) {
    const path = { id, userId: await userIdOf(api, user) }
    await answerOf(api.DELETE('/api/v1/groups/{id}/members/{userId}', { params: { path } }))
    context.done(`${user} is not in ${group} any more.`)
  }
}
