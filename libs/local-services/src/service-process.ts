import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { requiredText } from './api-client.ts'
import { ManagedProcess } from './child-process.ts'
import { writeProcessIdentity } from './process-identity.ts'

const START_TIMEOUT_MS = 60_000
const READY_LINE = /"msg":"ready"/

/** One of our services as a child process that can be stopped, killed and started again with the same settings. */
export interface ServiceOptions {
  readonly name: string
  /** Built entry, run with the Node that runs this. */
  readonly main: string
  /** Options of that Node besides those that every service gets. */
  readonly nodeOptions?: readonly string[]
  /** The service's whole environment, asked for at each start. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>
  readonly namespace: string | undefined
  readonly logFile: string
  readonly pidFile: string
}

/** Controls one service. All methods may be called in any state. */
export class ServiceProcess implements AsyncDisposable {
  readonly name: string
  readonly #options: ServiceOptions
  #process: ManagedProcess | undefined

  constructor(options: ServiceOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#process?.running === true ? this.#process.pid : undefined
  }

  /** The last lines of its log. */
  tail(): string {
    return this.#process?.tail() ?? ''
  }

  /** Settles when the running process has ended, with words for how. */
  get exited(): Promise<string> {
    return this.#process?.exited ?? Promise.resolve('not started')
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<void> {
    if (this.#process?.running === true) return
    const { name, main, nodeOptions = [], namespace, logFile, pidFile } = this.#options
    const env = {
      PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
      NODE_ENV: 'production',
      ...(await this.#options.environment()),
    }
    const child = new ManagedProcess({
      name,
      file: process.execPath,
      args: ['--enable-source-maps', ...nodeOptions, main],
      env,
      namespace,
      logFile,
      stopSignal: 'SIGTERM',
    })
    this.#process = child
    if (child.pid !== undefined) writeProcessIdentity(pidFile, child.pid)
    try {
      await child.waitForLine(READY_LINE, START_TIMEOUT_MS)
    } catch (error) {
      await child.stop()
      throw error
    }
  }

  /** Waits for a line of its log, past ones included. */
  async waitForLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    if (!this.#process) throw new TypeError(`${this.name} was not started`)
    return this.#process.waitForLine(pattern, timeoutMs)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Says whether a service has enrolled and its certificate has not lapsed: then it needs no join token. */
export function hasIdentity(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0 && !hasLapsed(join(directory, 'identity.json'))
  } catch {
    return false
  }
}

/** What cannot be read has not lapsed: the service itself says what is wrong with it. */
function hasLapsed(file: string): boolean {
  try {
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const enrolment = typeof stored === 'object' && stored !== null && 'enrolment' in stored ? stored.enrolment : null
    return new X509Certificate(requiredText(enrolment, 'certificate')).validToDate.getTime() <= Date.now()
  } catch {
    return false
  }
}
