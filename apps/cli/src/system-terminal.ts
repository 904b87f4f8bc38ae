import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

import { UsageError } from './cli-error.ts'
import type { Terminal } from './terminal.ts'

/** The terminal of this process. */
export class SystemTerminal implements Terminal {
  readonly environment = process.env
  #lines: AsyncIterator<string> | undefined

  get columns(): number | undefined {
    return process.stdout.isTTY ? process.stdout.columns : undefined
  }

  async write(text: string): Promise<void> {
    if (process.stdout.write(text)) return
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }

  tell(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  ask(question: string): Promise<string> {
    return process.stdin.isTTY ? this.#prompt(question, process.stderr) : this.#nextLine(question)
  }

  async askSecret(question: string): Promise<string> {
    if (!process.stdin.isTTY) return this.#nextLine(question)
    const nowhere = new Writable({
      write: (_chunk, _encoding, done) => {
        done()
      },
    })
    try {
      return await this.#prompt('', nowhere, () => process.stderr.write(`${question} `))
    } finally {
      process.stderr.write('\n')
    }
  }

  /** Lets the process end although an input that it read lines of goes on. */
  close(): void {
    if (this.#lines !== undefined) process.stdin.destroy()
  }

  /** `begin` is called when nothing that is typed is shown any more. */
  async #prompt(question: string, output: NodeJS.WritableStream, begin?: () => void): Promise<string> {
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    begin?.()
    // Ctrl-C and Ctrl-D leave the question unanswered.
    const given = Promise.withResolvers<never>()
    lines.once('SIGINT', () => {
      given.reject(new UsageError('Interrupted.'))
    })
    lines.once('close', () => {
      given.reject(new UsageError('There was no answer.'))
    })
    try {
      return await Promise.race([lines.question(question === '' ? '' : `${question} `), given.promise])
    } finally {
      given.promise.catch(() => undefined)
      lines.close()
    }
  }

  async #nextLine(question: string): Promise<string> {
    this.#lines ??= createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]()
    const line = await this.#lines.next()
    if (line.done === true) throw new UsageError(`The input has no line for: ${question}`)
    return line.value
  }
}
