import type { ApiError } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'

/** A refusal that a caller of an API gets to read. */
export class ApiProblem extends SallyportError {
  readonly status: number
  readonly issues: ApiError['issues']

  constructor(status: number, code: string, message: string, issues?: ApiError['issues']) {
    super(code, message, { expose: true })
    this.status = status
    this.issues = issues
  }
}

/** What is not there, or belongs to somebody else: both look the same from outside. */
export function notFound(what: string): ApiProblem {
  return new ApiProblem(404, 'not-found', `There is no such ${what}.`)
}
