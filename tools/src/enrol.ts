import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'

import { errorCode, SallyportError } from '@sallyport/foundation'
import { ApiClientError, EnrolmentClient, type SignIn, type SignInResult } from '@sallyport/local-services'

import { runCommand } from './command.ts'
import { Terminal } from './terminal.ts'

const USAGE =
  'usage: npm run enrol -- --server URL --tenant TENANT --username NAME --output FILE [--device NAME]\n' +
  'Password and codes are asked for; from a pipe they are read line by line.'

class EnrolError extends SallyportError {}

await runCommand(async () => {
  const { server, tenant, username, output, device } = readArguments()
  using file = newFile(output)
  using terminal = new Terminal()
  const client = new EnrolmentClient(server)
  const password = await terminal.ask(`Password of ${username}: `)
  const session = await signIn(client, { tenant, username, password }, terminal)
  if (session.mustChangePassword) await changePassword(client, password, terminal)
  if (session.factorRequired && !session.factorEnrolled) await enrolTotp(client, terminal)
  const { profile } = await client.enrolDevice(device)
  file.complete(profile)
  process.stdout.write(
    `${output} is the profile of the device "${device}", private key included: keep it to yourself.\nConnect: openvpn --config ${output}\n`,
  )
})

function readArguments(): { server: string; tenant: string; username: string; output: string; device: string } {
  const text = { type: 'string' } as const
  const options = { server: text, tenant: text, username: text, output: text, device: text }
  try {
    const { server, tenant, username, output, device } = parseArgs({ options }).values
    if (server !== undefined && tenant !== undefined && username !== undefined && output !== undefined) {
      return { server, tenant, username, output, device: device ?? hostname() }
    }
  } catch (error) {
    throw new EnrolError('usage', USAGE, { cause: error })
  }
  throw new EnrolError('usage', USAGE)
}

async function signIn(client: EnrolmentClient, account: SignIn, terminal: Terminal): Promise<SignInResult> {
  try {
    return await client.signIn(account)
  } catch (error) {
    if (!(error instanceof ApiClientError && error.code === 'otp-required')) throw error
    return client.signIn({ ...account, otp: await terminal.ask('Code of your authenticator: ') })
  }
}

async function changePassword(client: EnrolmentClient, current: string, terminal: Terminal): Promise<void> {
  process.stderr.write('The password works only once. Choose your own.\n')
  await untilAccepted(async () => {
    const chosen = await terminal.ask('New password: ')
    if (chosen !== (await terminal.ask('New password again: '))) throw new EnrolError('mismatch', 'the two differ')
    await client.changePassword(current, chosen)
  })
}

async function enrolTotp(client: EnrolmentClient, terminal: Terminal): Promise<void> {
  const { secret, uri } = await client.beginTotp()
  process.stderr.write(`Add this account to your authenticator app:\n  ${uri}\n  (or type the secret ${secret})\n`)
  await untilAccepted(async () => {
    await client.confirmTotp((await terminal.ask('Code that it shows: ')).trim())
  })
}

/** Asks again after an answer that was refused (HTTP 4xx); too many attempts, a failing server and the end of input end it. */
async function untilAccepted(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      const refused =
        error instanceof ApiClientError && error.status >= 400 && error.status < 500 && error.status !== 429
      if (!refused && !(error instanceof EnrolError)) throw error
      process.stderr.write(`${error.message}\n`)
    }
  }
}

interface NewFile extends Disposable {
  complete(content: string): void
}

/** Exit code of a command that was interrupted at its prompt. */
const INTERRUPTED = 130

/** Reserves the file before anything is asked, never an existing one; removes it again unless it was completed. */
function newFile(path: string): NewFile {
  let incomplete = false
  // Also when somebody presses Ctrl-C at a prompt: an empty file would stand in the way of the next try. A signal is
  // heard only between two turns of the loop, so none comes between making the file and noting that it is there.
  process.once('exit', () => {
    if (incomplete) rmSync(path, { force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(INTERRUPTED))
  const descriptor = reserve(path)
  incomplete = true
  return {
    complete(content) {
      writeFileSync(descriptor, content)
      incomplete = false
    },
    [Symbol.dispose]() {
      closeSync(descriptor)
    },
  }
}

function reserve(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    const message =
      errorCode(cause) === 'EEXIST'
        ? `${path} exists and is not overwritten: choose another --output`
        : `${path} cannot be written`
    throw new EnrolError('output', message, { cause })
  }
}
