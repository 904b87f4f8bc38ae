/**
 * Base of every error that this project throws. `code` is stable and may be matched; `message` is for the person who
 * reads the log; only when `expose` is true may the message reach a user of an API.
 */
export class SallyportError extends Error {
  readonly code: string
  readonly expose: boolean

  constructor(code: string, message: string, options: { cause?: unknown; expose?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.expose = options.expose ?? false
  }
}

/** Says what went wrong in one line, for a log field or a command's last line; never a stack. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** Reads the `code` of a system, library or Sallyport error; `undefined` when there is none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
