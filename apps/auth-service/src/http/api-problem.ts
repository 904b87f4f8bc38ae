import { STATUS_CODES } from 'node:http'

import { type ApiError, apiError } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'
import { z } from 'zod'

/** A refusal that a caller of an API gets to read. */
export class ApiProblem extends SallyportError {
  readonly status: number
  readonly issues: ApiError['issues']
  /** Headers of the answer, for example `retry-after`. */
  readonly headers: Readonly<Record<string, string>>
  /** What the message names, for who says it in another language. */
  readonly parameters: ProblemDocument['parameters']

  constructor(
    status: number,
    code: string,
    message: string,
    issues?: ApiError['issues'],
    headers: Readonly<Record<string, string>> = {},
    parameters?: ProblemDocument['parameters'],
  ) {
    super(code, message, { expose: true })
    this.status = status
    this.issues = issues
    this.headers = headers
    this.parameters = parameters
  }
}

/** Tells when to ask again (RFC 9110 §10.2.3). */
export function retryAfter(seconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }
}

/** What is not there, or belongs to somebody else: both look the same from outside. */
export function notFound(what: string): ApiProblem {
  return new ApiProblem(404, 'not-found', `There is no such ${what}.`)
}

/** What a message names. */
export const problemParameters = z
  .record(z.string(), z.union([z.string(), z.number()]))
  .describe('what the message names, for who says it in another language: numbers, and times as date-time')

/** A refusal of the public API: RFC 9457, with what programs and forms need as members of its own. */
export const problemDocument = apiError.extend({
  type: z.literal('about:blank').describe('RFC 9457 §4.2.1: `code` tells more than the status'),
  title: z.string().describe('the name of the status'),
  status: z.int().describe('the status of the answer'),
  detail: z.string().describe('the same as `message`'),
  code: z.string().describe('names the reason; programs decide by it'),
  message: z.string().describe('says what happened and what to do'),
  parameters: problemParameters.optional(),
})
export type ProblemDocument = z.infer<typeof problemDocument>

/** Makes the document of a refusal. */
export function problemOf(status: number, error: ApiError & Pick<ProblemDocument, 'parameters'>): ProblemDocument {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail: error.message, ...error }
}
