import { describeError, SallyportError } from '@sallyport/foundation'

/** A field that the server refused. */
export interface FieldIssue {
  readonly path: string
  readonly message: string
}

/** The server refused a call: `code` names the reason for programs, the message says what to do. */
export class ApiRefusedError extends SallyportError {
  readonly status: number
  readonly issues: readonly FieldIssue[]

  constructor(status: number, code: string, message: string, issues: readonly FieldIssue[] = []) {
    super(code, message, { expose: true })
    this.status = status
    this.issues = issues
  }
}

/** There was no answer, or none that this server's API gives. */
export class ApiUnreachableError extends SallyportError {
  constructor(baseUrl: string, cause: unknown) {
    super('unreachable', `${baseUrl} does not answer: ${reasonOf(cause)}`, { cause, expose: true })
  }
}

/** Node says only "fetch failed"; what it has as cause tells why. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : describeError(error)
}
