import { ApiRefusedError, ApiUnreachableError } from '@sallyport/api-client'
import { describeError, SallyportError } from '@sallyport/foundation'
import { Command, CommanderError } from 'commander'

import { EXIT_CODES, UsageError } from './cli-error.ts'
import { addAuditCommands } from './commands/audit.ts'
import { addAuthorityCommands } from './commands/authorities.ts'
import { addDeviceCommands } from './commands/devices.ts'
import { addExplainCommand } from './commands/explain.ts'
import { addGroupCommands } from './commands/groups.ts'
import { addMasterKeyCommands } from './commands/master-key.ts'
import { addNetworkCommands } from './commands/networks.ts'
import { addPolicyCommands } from './commands/policy.ts'
import { addSessionCommands } from './commands/sessions.ts'
import { addSignInCommands } from './commands/sign-in.ts'
import { addTenantCommands } from './commands/tenants.ts'
import { addTokenCommands } from './commands/tokens.ts'
import { addUserAccessCommands } from './commands/user-access.ts'
import { addUserCommands } from './commands/users.ts'
import { Connection, type Fetch, type GlobalOptions } from './connection.ts'
import { Context, type Runner } from './context.ts'
import { CredentialsFile } from './credentials-file.ts'
import { textOf } from './table.ts'
import type { Terminal } from './terminal.ts'

const EXIT_HELP = `
Secrets are read from prompts, from standard input or from files, never from the command line.
Environment: SALLYPORT_SERVER, SALLYPORT_TOKEN, SALLYPORT_CA stand for --server, the content of --token-file, --ca.
Exit codes: 0 done, 1 refused, 2 typed wrongly, 3 the server does not answer.`

/** Carries out a command line and gives the exit code. `fetch` stands for the network. */
export async function runCli(args: readonly string[], terminal: Terminal, fetch?: Fetch): Promise<number> {
  const program = programOf(terminal, fetch)
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT_CODES.done
  } catch (error) {
    // Commander has written its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage
    return fail(error, terminal, program.opts<GlobalOptions>().json === true)
  }
}

function programOf(terminal: Terminal, fetch: Fetch | undefined): Command {
  const program = new Command('sallyport')
    .description('Administers a Sallyport server.')
    .option('--server <url>', 'the https address of the server')
    .option('--token-file <file>', 'a file with an API token, or with the operator token')
    .option('--ca <file>', 'certificates (PEM) to trust besides those of this machine')
    .option('--json', 'write JSON, for scripts')
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: (text) => {
        terminal.tell(text.trimEnd())
      },
    })
  const run: Runner =
    (work) =>
    async (...given) => {
      const options = program.opts<GlobalOptions>()
      const file = new CredentialsFile(terminal.environment)
      const connection = new Connection(terminal, options, file, fetch)
      await work(new Context(terminal, connection, file, options.json === true), ...given)
    }
  addSignInCommands(program, run)
  addTenantCommands(program, run)
  addUserAccessCommands(addUserCommands(program, run), run)
  addGroupCommands(program, run)
  addPolicyCommands(program, run)
  addDeviceCommands(program, run)
  addSessionCommands(program, run)
  addExplainCommand(program, run)
  addAuditCommands(program, run)
  addTokenCommands(program, run)
  addNetworkCommands(program, run)
  addAuthorityCommands(program, run)
  addMasterKeyCommands(program, run)
  return program
}

/** Says what went wrong and what to do, and gives the exit code. */
function fail(error: unknown, terminal: Terminal, json: boolean): number {
  const issues = error instanceof ApiRefusedError ? error.issues : []
  const message = describeError(error)
  if (json) {
    const code = error instanceof SallyportError ? error.code : 'unexpected'
    terminal.tell(JSON.stringify({ code, message, issues }))
  } else {
    terminal.tell(`sallyport: ${textOf(message)}`)
    for (const issue of issues) terminal.tell(`  ${textOf(issue.path)}: ${textOf(issue.message)}`)
    const hint = error instanceof ApiRefusedError ? hintOf(error) : undefined
    if (hint !== undefined) terminal.tell(`  ${hint}`)
  }
  if (error instanceof UsageError) return EXIT_CODES.usage
  return error instanceof ApiUnreachableError ? EXIT_CODES.unreachable : EXIT_CODES.refused
}

/** What to type, where the server cannot know that somebody types. */
function hintOf({ status, code }: ApiRefusedError): string | undefined {
  if (status === 401) return 'To sign in, type: sallyport sign-in'
  return code === 'reauthentication-required'
    ? 'To prove it, type: sallyport sign-in. Scripts bring an API token (SALLYPORT_TOKEN, --token-file) and are not asked.'
    : undefined
}
