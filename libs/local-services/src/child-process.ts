import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

import { SallyportError } from '@sallyport/foundation'

import type { ProcessOwner } from './process-owner.ts'

const SETPRIV = '/usr/bin/setpriv'
const TAIL_LINES = 40

/** A started program failed, stopped too early, or did not get ready in time; the message ends with its last lines. */
export class ChildProcessError extends SallyportError {}

/** What to start and how it ends. */
export interface ChildProcessOptions {
  /** For messages and for the log's name. */
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Unprivileged user to run as; absent means the caller's. */
  readonly owner?: ProcessOwner | undefined
  /** Network namespace (`ip netns`) to run in; absent means the caller's. */
  readonly namespace?: string | undefined
  /** Signal of an orderly stop, which the program also gets when this process dies. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT'
  /** File that gets every line of output, appended. */
  readonly logFile?: string | undefined
}

/**
 * A long-running program that this process started and owns. It gets a session of its own, so that Ctrl-C in a terminal
 * reaches it only by an orderly `stop`, and its stop signal from the kernel when this process is killed.
 */
export class ManagedProcess implements AsyncDisposable {
  readonly name: string
  readonly #child: ChildProcess
  readonly #stopSignal: 'SIGTERM' | 'SIGINT'
  readonly #log: WriteStream | undefined
  readonly #tail: string[] = []
  readonly #listeners = new Set<(line: string) => void>()
  readonly #exited: Promise<string>
  #outcome: string | undefined

  constructor(options: ChildProcessOptions) {
    this.name = options.name
    this.#stopSignal = options.stopSignal
    this.#log =
      options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a', mode: 0o600 })
    const [file, ...args] = commandLine(options)
    this.#child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.owner === undefined ? {} : { uid: options.owner.uid, gid: options.owner.gid }),
    })
    this.#exited = this.#watch()
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream)
        createInterface({ input: stream }).on('line', (line) => {
          this.#accept(line)
        })
    }
  }

  /** Undefined when the program could not be started at all. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#outcome === undefined
  }

  /** Settles when the program has ended, with words for how: `exit code 1`, `signal SIGKILL`, or why it did not start. */
  get exited(): Promise<string> {
    return this.#exited
  }

  /** The last lines of output. */
  tail(): string {
    return this.#tail.join('\n')
  }

  /** Hears every further line of output. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.add(listener)
  }

  /** Waits for a line of output that matches, past ones included; fails at once when the program ends before. */
  async waitForLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    const past = this.#tail.find((line) => pattern.test(line))
    if (past !== undefined) return past
    const { promise, resolve } = Promise.withResolvers<string>()
    const listener = (line: string): void => {
      if (pattern.test(line)) resolve(line)
    }
    this.#listeners.add(listener)
    const timer = Promise.withResolvers<undefined>()
    const timeout = setTimeout(timer.resolve, timeoutMs, undefined)
    try {
      const line = await Promise.race([promise, timer.promise, this.#exited.then(() => undefined)])
      if (line !== undefined) return line
      const problem =
        this.#outcome === undefined
          ? `was not ready within ${String(timeoutMs / 1000)} s`
          : `ended with ${this.#outcome}`
      throw new ChildProcessError(
        'not-ready',
        `${this.name} ${problem}; its last lines:\n${this.tail() || '(no output)'}`,
      )
    } finally {
      clearTimeout(timeout)
      this.#listeners.delete(listener)
    }
  }

  /** Asks the program to stop and waits; after `graceMs` it is killed. Idempotent. Says how it ended. */
  async stop(graceMs = 10_000): Promise<string> {
    this.signal(this.#stopSignal)
    const timeout = setTimeout(() => {
      this.signal('SIGKILL')
    }, graceMs)
    try {
      return await this.#exited
    } finally {
      clearTimeout(timeout)
    }
  }

  /** Ends the program at once, as a crash would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#exited
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #watch(): Promise<string> {
    const failed = Promise.withResolvers<string>()
    this.#child.once('error', (error) => {
      failed.resolve(error.message)
    })
    const closed = once(this.#child, 'close').then(([code, signal]) =>
      code === null ? `signal ${String(signal)}` : `exit code ${String(code)}`,
    )
    this.#outcome = await Promise.race([failed.promise, closed])
    this.#log?.end()
    return this.#outcome
  }

  #accept(line: string): void {
    this.#tail.push(line)
    if (this.#tail.length > TAIL_LINES) this.#tail.shift()
    this.#log?.write(`${line}\n`)
    for (const listener of this.#listeners) listener(line)
  }
}

function commandLine(options: ChildProcessOptions): [string, ...string[]] {
  // `ip netns exec` would also give a mount namespace of its own, in which namespaces made later cannot be seen from outside.
  const enter = options.namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${options.namespace}`, '--']
  const tie = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', options.stopSignal.slice(3), '--'] : []
  const [first = options.file, ...rest] = [...enter, ...tie, options.file, ...options.args]
  return [first, ...rest]
}
