import { describeError, SallyportError } from '@sallyport/foundation'

/** A field that the server refused. */
export interface FieldIssue {
  readonly path: string
  readonly message: string
}

/** What a refusal says beside code and message. */
interface RefusalDetails {
  readonly issues: readonly FieldIssue[]
  /** Figures and names in the message, for who says it in another language. */
  readonly parameters: Readonly<Record<string, string | number>>
  /** After how long the same call may be of use (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number | undefined
}

/** The server refused a call: `code` names the reason for programs, the message says what to do. */
export class ApiRefusedError extends SallyportError {
  readonly status: number
  readonly issues: RefusalDetails['issues']
  readonly parameters: RefusalDetails['parameters']
  readonly retryAfterSeconds: number | undefined

  constructor(
    status: number,
    code: string,
    message: string,
    { issues, parameters, retryAfterSeconds }: RefusalDetails,
  ) {
    super(code, message, { expose: true })
    this.status = status
    this.issues = issues
    this.parameters = parameters
    this.retryAfterSeconds = retryAfterSeconds
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
