import { SallyportError } from '@sallyport/foundation'

/** How the program ends. */
export const EXIT_CODES = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

/** The command cannot be carried out as it was typed; the message says how to type it. */
export class UsageError extends SallyportError {
  constructor(message: string) {
    super('usage', message, { expose: true })
  }
}

/** The command was carried out, and what it found is bad. */
export class FoundBadError extends SallyportError {
  constructor(code: string, message: string) {
    super(code, message, { expose: true })
  }
}
