import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ManagedProcess } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'

/** The command-line client of openvpn3 core that OPENVPN3_CLIENT names; no distribution has it, so it may be absent. */
const PROGRAM = process.env['OPENVPN3_CLIENT'] ?? ''

/** Minor version of that core; `undefined` when there is none. */
export const CORE3_MINOR = PROGRAM === '' ? undefined : minorVersion(PROGRAM)

function minorVersion(program: string): number {
  const [, minor] = /core 3\.(\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' })) ?? []
  if (minor === undefined) throw new TypeError(`${program} is no openvpn3 core`)
  return Number(minor)
}

/** How to start it. */
export interface Core3Options {
  readonly namespace: Namespace
  readonly profile: string
  readonly username: string
  readonly password: string
  /** Answers the static or the dynamic challenge. */
  readonly response?: string
  /** What an earlier run was given as a dynamic challenge. */
  readonly dynamicChallenge?: string
  /** Methods that it announces for the time while a user is waited for; `typed` is what its user types then. */
  readonly signOn?: { readonly methods: string; readonly typed?: string }
}

/** openvpn3 core, as OpenVPN Connect has it, with its own command line. */
export class Core3Client implements AsyncDisposable {
  readonly #process: ManagedProcess
  readonly #directory: string
  readonly #lines: string[] = []

  private constructor(process: ManagedProcess, directory: string) {
    this.#process = process
    this.#directory = directory
    process.onLine((line) => this.#lines.push(line))
  }

  /** Starts it and returns at once. */
  static async start(options: Core3Options): Promise<Core3Client> {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-core3-'))
    const profile = join(directory, 'client.ovpn')
    const input = join(directory, 'input')
    await writeFile(profile, options.profile, { mode: 0o600 })
    await writeFile(input, `${options.signOn?.typed ?? ''}\n`, { mode: 0o600 })
    const { username, password, response, dynamicChallenge, signOn } = options
    const args = [
      ...['--username', username, '--password', password],
      ...(response === undefined ? [] : ['--response', response]),
      ...(dynamicChallenge === undefined ? [] : ['--dc', dynamicChallenge]),
      ...(signOn === undefined ? [] : ['--sso-methods', signOn.methods]),
      profile,
    ]
    const started = options.namespace.spawn('sh', '-c', 'exec "$@" < "$0"', input, PROGRAM, ...args)
    return new Core3Client(started, directory)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** A position in the lines, from which a later wait may begin. */
  get mark(): number {
    return this.#lines.length
  }

  get running(): boolean {
    return this.#process.running
  }

  /** Waits for a line of output, past ones from `since` on included. */
  async waitFor(pattern: RegExp, timeoutMs = 30_000, since = 0): Promise<string> {
    const deadlineMs = Date.now() + timeoutMs
    for (;;) {
      const found = this.#lines.slice(since).find((line) => pattern.test(line))
      if (found !== undefined) return found
      if (Date.now() > deadlineMs)
        throw new Error(
          `openvpn3: nothing matched ${String(pattern)}; last lines:\n${this.#lines.slice(-40).join('\n')}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Waits until the tunnel is up. */
  async waitForConnected(timeoutMs = 30_000, since = 0): Promise<void> {
    await this.waitFor(/EVENT: CONNECTED /, timeoutMs, since)
  }

  /** Makes it connect again, as after a change of the network. */
  reconnect(): void {
    this.#process.signal('SIGHUP')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
