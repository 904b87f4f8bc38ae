import { answerOf } from '@sallyport/api-client'
import type { Command } from 'commander'

import type { Context, Runner } from '../context.ts'
import { userIdOf } from '../everything.ts'
import { textOf } from '../table.ts'

interface Check {
  readonly check: string
  readonly outcome: string
  readonly detail?: unknown
}

interface Attempt {
  readonly at: string
  readonly kind: string
  readonly result: string
  readonly explanation: string | null
  readonly message: string | null
  readonly source: string | null
  readonly device: { readonly name: string | null } | null
  readonly checks: readonly Check[]
}

/** `explain [user]`. */
export function addExplainCommand(program: Command, run: Runner): void {
  program
    .command('explain [user]')
    .description('tell why somebody, or you, could not sign in or connect: the last attempts, check by check')
    .action(run(explain))
}

async function explain(context: Context, user: string | undefined): Promise<void> {
  const api = await context.api()
  const { items } =
    user === undefined
      ? await answerOf(api.GET('/api/v1/me/attempts'))
      : await answerOf(api.GET('/api/v1/users/{id}/attempts', { params: { path: { id: await userIdOf(api, user) } } }))
  if (context.json) await context.showList(items, [])
  else if (items.length === 0) context.terminal.tell('There was no attempt.')
  else await context.terminal.write(items.map(storyOf).join('\n'))
}

function storyOf({ at, kind, result, explanation, message, source, device, checks }: Attempt): string {
  const from = [source, device?.name].filter((text) => typeof text === 'string')
  const words = [at, kind, result, ...(from.length === 0 ? [] : [`from ${from.join(', ')}`])]
  const why = [explanation, message].filter((text) => text !== null)
  return [
    words.join('  '),
    ...why.map((text) => `  ${text}`),
    ...checks.map(({ check, outcome, detail }) => `  ${outcome.padEnd(7)} ${check}${detailOf(detail)}`),
  ]
    .map((line) => `${line === '' ? '' : textOf(line)}\n`)
    .join('')
}

function detailOf(detail: unknown): string {
  return detail === undefined || detail === null ? '' : ` (${textOf(detail)})`
}
