import { readFileSync } from 'node:fs'

import { describeError, SallyportError, Secret } from '@sallyport/foundation'
import { z } from 'zod'

import { valueOfCommand } from './command-value.ts'

/** Configuration that cannot be used: `message` lists every problem with the variable's name and what to do. */
export class ConfigError extends SallyportError {
  constructor(service: string, problems: readonly string[]) {
    super('bad-configuration', `${service} cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

/**
 * Reads a service's settings from the environment once, all errors at once, and freezes them. The schema's keys are the
 * names of the variables. A variable `NAME_FILE` replaces `NAME` by the trimmed content of that file; empty counts as
 * absent. A variable of `commands` can also come from `NAME_COMMAND`, which prints it; exactly one of the three may be
 * given.
 */
export function readConfig<Schema extends z.ZodObject>(
  service: string,
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
  commands: readonly (string & keyof Schema['shape'])[] = [],
): Readonly<z.infer<Schema>> {
  const problems: string[] = []
  const values: Record<string, string> = {}
  const unreadable = new Set<string>()
  for (const name of Object.keys(schema.shape)) {
    const known = problems.length
    const value = commands.some((command) => command === name)
      ? readFromOneSource(name, environment, problems)
      : readVariable(name, environment, problems)
    if (value !== undefined) values[name] = value
    if (problems.length > known) unreadable.add(name)
  }
  const result = schema.safeParse(values)
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0])
      if (unreadable.has(name)) continue
      if (values[name] !== undefined) problems.push(`${name}: ${issue.message}`)
      else problems.push(`${name} is not set: ${descriptionOf(schema, name)}`)
    }
  }
  if (problems.length > 0 || !result.success) throw new ConfigError(service, problems)
  return Object.freeze(result.data)
}

function readVariable(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined {
  const file = environment[`${name}_FILE`]
  if (file === undefined || file === '') {
    const value = environment[name]
    return value === '' ? undefined : value
  }
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    problems.push(`${name}_FILE: ${describeError(error)}`)
    return undefined
  }
}

function readFromOneSource(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined {
  const sources = [name, `${name}_FILE`, `${name}_COMMAND`]
  const given = sources.filter((source) => environment[source] !== undefined && environment[source] !== '')
  if (given.length > 1) {
    problems.push(`${given.join(' and ')} are set: give exactly one of ${sources.join(', ')}`)
    return undefined
  }
  const command = environment[`${name}_COMMAND`]
  if (command === undefined || command === '') return readVariable(name, environment, problems)
  const printed = valueOfCommand(command)
  if ('value' in printed) return printed.value
  problems.push(`${name}_COMMAND: ${printed.problem}`)
  return undefined
}

function descriptionOf(schema: z.ZodObject, name: string): string {
  const field: unknown = schema.shape[name]
  return (field instanceof z.ZodType ? field.description : undefined) ?? 'see deploy/env.example'
}

/** A setting that must not be printed; arrives as `Secret<string>`. */
export const secretText = (minLength: number): z.ZodType<Secret<string>, string> =>
  z
    .string()
    .min(minLength, `must have at least ${String(minLength)} characters`)
    .transform((value) => new Secret(value))

/** `host:port`, `[v6]:port` or `:port` (all addresses). */
export const listenAddress = z.string().transform((value, context) => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (!match || port > 65535) {
    context.addIssue({ code: 'custom', message: `"${value}" is not HOST:PORT, for example 127.0.0.1:8080` })
    return z.NEVER
  }
  return { host: match[1] ?? (match[2] === '' ? '::' : (match[2] ?? '::')), port }
})

/** Takes `a, b,c` apart; empty items do not count. */
export function commaList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
