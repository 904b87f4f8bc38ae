import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import { readText } from '../connection.ts'
import type { Context, Runner } from '../context.ts'
import type { Column } from '../table.ts'

interface MasterKey {
  readonly fingerprint: string
  readonly since: string
  readonly isOfThisInstance: boolean
}

const COLUMNS: readonly Column<MasterKey>[] = [
  ['fingerprint', ({ fingerprint }) => fingerprint],
  ['since', ({ since }) => since],
  ['of the instance that answered', ({ isOfThisInstance }) => isOfThisInstance],
]

/** `rotate-master-key begin|status|finish|cancel`: the operator's. */
export function addMasterKeyCommands(program: Command, run: Runner): void {
  const rotate = program
    .command('rotate-master-key')
    .description('change the key that seals all secrets (operators): begin, restart every instance with it, finish')
  rotate
    .command('begin')
    .description('make the server accept a new key beside the present one')
    .option('--new-key-file <file>', 'a file with the new key (openssl rand -base64 32); else it is asked for')
    .action(run(begin))
  rotate.command('status').description('show which keys open the secrets').action(run(status))
  rotate.command('finish').description('make the old key worth nothing').action(run(finish))
  rotate.command('cancel').description('forget the new key').action(run(cancel))
}

async function begin(context: Context, { newKeyFile }: { newKeyFile?: string }): Promise<void> {
  const text = newKeyFile === undefined ? await context.terminal.askSecret('New key:') : await readText(newKeyFile)
  const api = await context.api()
  const body = { newMasterKey: text.trim() }
  const { masterKeys } = await answerOf(api.POST('/api/v1/platform/master-key', { body }))
  await context.showList(masterKeys, COLUMNS)
  context.done('Now give every instance the new MASTER_KEY and restart it, then: sallyport rotate-master-key finish')
}

async function status(context: Context): Promise<void> {
  const api = await context.api()
  await context.showList((await answerOf(api.GET('/api/v1/platform/master-key'))).masterKeys, COLUMNS)
}

async function finish(context: Context): Promise<void> {
  const api = await context.api()
  await context.showList((await answerOf(api.POST('/api/v1/platform/master-key/finish'))).masterKeys, COLUMNS)
}

async function cancel(context: Context): Promise<void> {
  const api = await context.api()
  await context.showList((await answerOf(api.POST('/api/v1/platform/master-key/cancel'))).masterKeys, COLUMNS)
}
