import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { everyPage } from '../everything.ts'

/** `devices list|revoke`. */
export function addDeviceCommands(program: Command, run: Runner): void {
  const devices = program.command('devices').description('devices that can connect')
  devices.command('list').description('list them: your own, or all where you may').action(run(list))
  devices.command('revoke <id>').description('let one in no more').action(run(revoke))
}

async function list(context: Context): Promise<void> {
  const api = await context.api()
  const devices = await everyPage((query) => answerOf(api.GET('/api/v1/devices', { params: { query } })))
  await context.showList(devices, [
    ['device', ({ name }) => name],
    ['user', ({ username }) => username],
    ['certificate until', ({ certificateNotAfter }) => certificateNotAfter],
    ['revoked', ({ revoked }) => revoked],
    ['id', ({ deviceId }) => deviceId],
  ])
}

async function revoke(context: Context, id: string): Promise<void> {
  const api = await context.api()
  await answerOf(api.DELETE('/api/v1/devices/{id}', { params: { path: { id } } }))
  context.done('The device is revoked and its connections end.')
}
