import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

import { SallyportError } from '@sallyport/foundation'

/** The user is asked, but input has ended. */
export class NoInputError extends SallyportError {}

/** Asks questions on the terminal, or reads the answers line by line from a pipe. */
export class Terminal implements Disposable {
  readonly #lines: AsyncIterator<string>
  readonly #close: () => void
  readonly #interactive: boolean

  constructor(input: NodeJS.ReadStream = process.stdin) {
    this.#interactive = input.isTTY
    // readline echoes what is typed to its output; a silent one keeps passwords off the screen.
    const output = new Writable({
      write: (_chunk, _encoding, done) => {
        done()
      },
    })
    const reader = createInterface({ input, output, terminal: this.#interactive })
    reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    this.#lines = reader[Symbol.asyncIterator]()
    this.#close = () => {
      reader.close()
    }
  }

  /** Reads a line that is shown while it is typed only by the caller's `echo`. */
  async ask(question: string): Promise<string> {
    process.stderr.write(question)
    const line = await this.#lines.next()
    if (this.#interactive) process.stderr.write('\n')
    if (line.done === true) throw new NoInputError('no-input', 'the input ended before all questions were answered')
    return line.value
  }

  [Symbol.dispose](): void {
    this.#close()
  }
}
