import { answerOf, type ApiClient, type paths } from '@sallyport/api-client'
import type { Command } from 'commander'

import { UsageError } from '../cli-error.ts'
import { readText } from '../connection.ts'
import type { Context, Runner } from '../context.ts'
import { deviceIdOf, groupIdOf, userIdOf } from '../everything.ts'
import { factorMethod, parseJsonObject } from './words.ts'

type Body<Path extends keyof paths, Method extends 'put' | 'post'> =
  paths[Path] extends Record<
    Method,
    { readonly requestBody: { readonly content: { readonly 'application/json': infer Json } } }
  >
    ? Json
    : never
type Rules = Body<'/api/v1/policy', 'put'>['policy']
type GroupRules = Body<'/api/v1/groups/{id}/policy', 'put'>['policy']
type Attempt = NonNullable<Body<'/api/v1/policy/dry-run', 'post'>['attempt']>

/** When a second factor began to be required: shown with the rules, and set by the server alone. */
const SERVERS_OWN = 'requiredSince'

type Change = readonly [name: string, value: unknown]

interface DryRunOptions {
  readonly policyFile?: string
  readonly address?: string
  readonly country?: string
  readonly at?: string
  readonly factor?: string
  readonly device?: string
}

/** `policy get|set|dry-run`. */
export function addPolicyCommands(program: Command, run: Runner): void {
  const policy = program.command('policy').description('who may connect, with which second factor, how long')
  policy
    .command('get')
    .description('show the policy, or what holds for one user or differs for one group')
    .option('--user <user>', 'what holds for this user, and why')
    .option('--group <group>', 'what this group changes')
    .action(run(get))
  policy
    .command('set <name=value...>')
    .description('change rules: set mfa=required sessionSeconds=28800; values are JSON or plain text')
    .option('--group <group>', 'of this group; name= takes a rule back to the tenant’s')
    .action(run(set))
  policy
    .command('dry-run <user>')
    .description('tell what would happen if this user connected')
    .option('--policy-file <file>', 'a file with rules (JSON) that would be changed')
    .option('--address <address>', 'from this address')
    .option('--country <code>', 'from this country')
    .option('--at <time>', 'at this time (ISO 8601)')
    .option('--factor <method>', 'with this second factor given')
    .option('--device <device>', 'on this device of theirs, by name or id; without it on a new one')
    .action(run(dryRun))
}

async function get(context: Context, { user, group }: { user?: string; group?: string }): Promise<void> {
  const api = await context.api()
  if (group !== undefined) {
    const path = { id: await groupIdOf(api, group) }
    await context.show(await answerOf(api.GET('/api/v1/groups/{id}', { params: { path } })), (shown) => shown.policy)
    return
  }
  if (user !== undefined) {
    const query = { userId: await userIdOf(api, user) }
    await context.show(await answerOf(api.GET('/api/v1/policy/effective', { params: { query } })), withSources)
    return
  }
  await context.show(await answerOf(api.GET('/api/v1/policy')), (shown) => shown.policy)
}

/** Shows each rule with who decided it. */
function withSources({
  policy,
  sources,
}: {
  readonly policy: Readonly<Record<string, unknown>>
  readonly sources: Readonly<Record<string, 'tenant' | { readonly name: string }>>
}): Readonly<Record<string, string>> {
  const decider = (rule: string): string => {
    const source = sources[rule]
    return source === undefined || source === 'tenant' ? 'organisation' : `group ${source.name}`
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
  return Object.fromEntries(Object.entries(policy).map(([rule, value]) => [rule, `${text(value)}  (${decider(rule)})`]))
}

async function set(context: Context, assignments: string[], { group }: { group?: string }): Promise<void> {
  const api = await context.api()
  const changes = assignments.map(parseAssignment)
  if (group === undefined) await setTenantPolicy(api, changes)
  else await setGroupPolicy(api, await groupIdOf(api, group), changes)
  context.done('The policy is set.')
}

async function setTenantPolicy(api: ApiClient, changes: readonly Change[]): Promise<void> {
  const { policy: present, version } = await answerOf(api.GET('/api/v1/policy'))
  await answerOf(api.PUT('/api/v1/policy', { body: { policy: changed(present, changes), version } }))
}

/** The server checks every value. */
function changed(present: Rules & { readonly requiredSince?: unknown }, changes: readonly Change[]): Rules {
  const rules = { ...present, ...Object.fromEntries(changes) }
  Reflect.deleteProperty(rules, SERVERS_OWN)
  return rules
}

async function setGroupPolicy(api: ApiClient, id: string, changes: readonly Change[]): Promise<void> {
  const params = { path: { id } }
  const { policy: present } = await answerOf(api.GET('/api/v1/groups/{id}', { params }))
  const kept = Object.entries({ ...present, ...Object.fromEntries(changes) }).filter(
    ([name, value]) => value !== '' && !name.startsWith(SERVERS_OWN),
  )
  const policy: GroupRules = Object.fromEntries(kept)
  await answerOf(api.PUT('/api/v1/groups/{id}/policy', { params, body: { policy } }))
}

/** Reads `name=value`; a value that is no JSON is a text. The server says what it does not like about it. */
function parseAssignment(text: string): Change {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new UsageError(`"${text}" is not like name=value.`)
  try {
    const parsed: unknown = JSON.parse(value)
    return [name, parsed]
  } catch {
    return [name, value]
  }
}

async function dryRun(context: Context, user: string, options: DryRunOptions): Promise<void> {
  const { policyFile, address, country, at, factor, device } = options
  const api = await context.api()
  const userId = await userIdOf(api, user)
  const attempt: Attempt = {
    ...(device === undefined ? {} : { deviceId: await deviceIdOf(api, userId, device) }),
    ...(address === undefined ? {} : { address }),
    ...(country === undefined ? {} : { country }),
    ...(at === undefined ? {} : { at }),
    ...(factor === undefined ? {} : { credential: { kind: 'password' as const, factor: factorMethod(factor) } }),
  }
  const { policy: present } = await answerOf(api.GET('/api/v1/policy'))
  const changes =
    policyFile === undefined ? [] : Object.entries(parseJsonObject(await readText(policyFile), policyFile))
  const body = { userId, attempt, ...(policyFile === undefined ? {} : { policy: changed(present, changes) }) }
  const answer = await answerOf(api.POST('/api/v1/policy/dry-run', { body }))
  await context.show(answer, (shown) => ({
    decision: shown.decision,
    reason: shown.reason,
    'asked for': shown.methods.join(', '),
    'session ends': shown.sessionEndsAt,
    'asked again': shown.askAgainAt,
    ...Object.fromEntries(shown.checks.map(({ check, outcome, detail }) => [check, withDetail(outcome, detail)])),
  }))
}

function withDetail(outcome: string, detail: string | number | undefined): string {
  return detail === undefined ? outcome : `${outcome} (${String(detail)})`
}
