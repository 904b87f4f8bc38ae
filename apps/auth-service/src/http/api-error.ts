import { HttpException } from '@nestjs/common'
import type { ApiError } from '@sallyport/contracts'
import { isDatabaseAway } from '@sallyport/database'
import { describeError, errorCode } from '@sallyport/foundation'
import { PasswordsBusyError } from '@sallyport/identity'
import type { Logger } from '@sallyport/telemetry'

import { SharedStoreAwayError } from '../runtime/shared-store.ts'
import { AttemptsUnderWayError } from '../sign-in/attempt-limit.ts'
import { ApiProblem, type ProblemDocument } from './api-problem.ts'

/** What every answer that refuses says. */
type Refusal = ApiError & Pick<ProblemDocument, 'parameters'>

const TEMPORARY = [SharedStoreAwayError, AttemptsUnderWayError, PasswordsBusyError]

/** When a caller that was refused for now may ask again; the value of Retry-After (RFC 9110 §10.2.3). */
export const RETRY_AFTER_SECONDS = 1

const CODES: Readonly<Record<number, string>> = {
  404: 'not-found',
  405: 'wrong-method',
  413: 'too-large',
  414: 'too-large',
  415: 'wrong-content-type',
}

/** What to do about the refusals of the HTTP server itself, by their names. */
const ADVICE: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Send the body as application/json.',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
  FST_ERR_BAD_URL: 'The address is not encoded as a URL.',
  FST_ERR_MAX_PARAM_LENGTH: 'The address is too long.',
}

/** Turns whatever a handler threw into the answer's status and body; what nobody expected is logged and told to nobody. */
export function toApiError(error: unknown, log: Logger): { status: number; body: Refusal } {
  if (error instanceof ApiProblem) {
    const { status, code, message, issues, parameters } = error
    const more = { ...(issues === undefined ? {} : { issues }), ...(parameters === undefined ? {} : { parameters }) }
    return { status, body: { code, message, ...more } }
  }
  if (isTemporary(error)) {
    log.warn({ reason: describeError(error) }, 'request refused for now')
    return temporarilyUnavailable()
  }
  const status = statusOf(error)
  if (status < 500) {
    const message = ADVICE[errorCode(error) ?? ''] ?? describeError(error)
    return { status, body: { code: CODES[status] ?? 'bad-request', message } }
  }
  log.error({ reason: describeError(error), stack: error instanceof Error ? error.stack : undefined }, 'request failed')
  return { status: 500, body: { code: 'internal-error', message: 'Something went wrong on our side.' } }
}

/** Tells whether the cause passes by itself: PostgreSQL or Redis is away, or too much is being checked at this moment. */
export function isTemporary(error: unknown): boolean {
  return TEMPORARY.some((temporary) => error instanceof temporary) || isDatabaseAway(error)
}

function temporarilyUnavailable(): { status: number; body: ApiError } {
  return {
    status: 503,
    body: { code: 'temporarily-unavailable', message: 'The service is not available for a moment. Please try again.' },
  }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus()
  // Fastify's errors.
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500
}
