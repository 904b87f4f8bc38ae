import { runCli } from './cli.ts'
import { SystemTerminal } from './system-terminal.ts'

const terminal = new SystemTerminal()
process.exitCode = await runCli(process.argv.slice(2), terminal)
terminal.close()
