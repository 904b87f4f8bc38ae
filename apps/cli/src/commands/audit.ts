import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'

import { answerOf } from '@sallyport/api-client'
import { type AuditHead, readAuditLines, verifyChain } from '@sallyport/audit-chain'
import { describeError } from '@sallyport/foundation'
import type { Command } from 'commander'

import { FoundBadError, UsageError } from '../cli-error.ts'
import type { Context, Runner } from '../context.ts'
import { everyPage, userIdOf } from '../everything.ts'

interface ListOptions {
  readonly user?: string
  readonly action?: string
  readonly from?: string
  readonly to?: string
  readonly limit: string
}

/** `audit list|export|verify`. */
export function addAuditCommands(program: Command, run: Runner): void {
  const audit = program.command('audit').description('who did what')
  audit
    .command('list')
    .description('list the last events')
    .option('--user <user>', 'those about this user')
    .option('--action <action>', 'those of this action, for example device.revoke')
    .option('--from <time>', 'from this time on (ISO 8601)')
    .option('--to <time>', 'until this time')
    .option('--limit <number>', 'how many at most', '50')
    .action(run(list))
  audit
    .command('export [file]')
    .description('write all events as JSON lines, to a file or to the output')
    .option('--from <time>', 'from this time on (ISO 8601)')
    .option('--to <time>', 'until this time')
    .action(run(exportLines))
  audit
    .command('verify [file]')
    .description('prove that nothing was changed: in an exported file, without the server; else in the server')
    .option('--anchor <sequence:hash>', 'a place that an earlier verification told: tells when the end was cut off')
    .option('--part', 'the file begins later than the log: nothing is said about what lies before it')
    .action(run(verify))
}

async function list(context: Context, { user, action, from, to, limit }: ListOptions): Promise<void> {
  const api = await context.api()
  const wanted = Number(limit)
  if (!Number.isInteger(wanted) || wanted <= 0) throw new UsageError('--limit is no number of events.')
  const filter = {
    ...(user === undefined ? {} : { userId: await userIdOf(api, user) }),
    ...(action === undefined ? {} : { action }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
  const read = (part: object) => answerOf(api.GET('/api/v1/audit', { params: { query: { ...filter, ...part } } }))
  const items = await everyPage(read, wanted)
  await context.showList(items, [
    ['#', ({ sequence }) => sequence],
    ['at', ({ at }) => at],
    ['action', (event) => event.action],
    ['outcome', ({ outcome }) => outcome],
    ['actor', ({ actor }) => actor],
    ['target', ({ target }) => target],
  ])
}

async function exportLines(
  context: Context,
  file: string | undefined,
  { from, to }: { readonly from?: string; readonly to?: string },
): Promise<void> {
  const api = await context.api()
  const query = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const body = await answerOf(api.GET('/api/v1/audit/export', { params: { query }, parseAs: 'stream' }))
  if (body === null) return
  if (file === undefined) {
    for await (const text of body.pipeThrough(new TextDecoderStream())) await context.terminal.write(text)
    return
  }
  await using handle = await openNew(file)
  for await (const bytes of body) await handle.write(bytes)
  context.done(`The events are in ${file}.`)
}

/** What was exported before is evidence: no file is overwritten. */
async function openNew(file: string) {
  try {
    return await open(file, 'wx', 0o600)
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${describeError(error)}`)
  }
}

async function verify(
  context: Context,
  file: string | undefined,
  { anchor: text, part = false }: { readonly anchor?: string; readonly part?: boolean },
): Promise<void> {
  const anchor = text === undefined ? undefined : parseAnchor(text)
  const verdict = file === undefined ? await verifyOnline(context, anchor) : await verifyFile(file, anchor, part)
  if (!verdict.ok) throw new FoundBadError('chain-broken', verdict.message)
  await context.show(verdict, ({ count, head }) => ({
    'good events': count,
    'keep as anchor': `${String(head.sequence)}:${head.hash}`,
  }))
}

function parseAnchor(text: string): AuditHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (sequence === undefined || hash === undefined)
    throw new UsageError('--anchor is a number, a colon and 64 hexadecimal digits, as "audit verify" tells them.')
  return { sequence: Number(sequence), hash }
}

type Verdict =
  | { readonly ok: true; readonly count: number; readonly head: { readonly sequence: unknown; readonly hash: string } }
  | { readonly ok: false; readonly message: string }

async function verifyOnline(context: Context, anchor: AuditHead | undefined): Promise<Verdict> {
  const api = await context.api()
  const body = anchor === undefined ? {} : { anchor }
  const verdict = await answerOf(api.POST('/api/v1/audit/verify', { body }))
  if (verdict.ok) return verdict
  const where = verdict.sequence === null ? '' : ` at event ${String(verdict.sequence)}`
  return { ok: false, message: `The log was changed${where}: ${verdict.message}` }
}

async function verifyFile(file: string, anchor: AuditHead | undefined, part: boolean): Promise<Verdict> {
  try {
    const lines = readAuditLines(createReadStream(file))
    const verdict = await verifyChain(lines, { anchor, ...(part ? { from: 'first-line' } : {}) })
    if (verdict.ok) return verdict
    const hint = verdict.why === 'gap' && !part ? ' If it was exported with --from, add --part.' : ''
    return { ok: false, message: `${file} was changed at event ${String(verdict.sequence)} (${verdict.why}).${hint}` }
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${describeError(error)}`)
  }
}
