import { SallyportError } from '@sallyport/foundation'

/** The other service is away: no connection, no answer in time, an internal failure there, or an answer not understood. */
export class ServiceUnavailableError extends SallyportError {
  constructor(message: string, cause?: unknown) {
    super('service-unavailable', message, { cause })
  }
}

/** The other service understood and said no; `code` is its reason, `status` the HTTP status (400 to 499). */
export class ServiceRefusedError extends SallyportError {
  readonly status: number

  constructor(status: number, code: string, message: string) {
    super(code, message)
    this.status = status
  }
}
