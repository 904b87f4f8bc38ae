import { HttpException } from '@nestjs/common'
import type { ApiError } from '@sallyport/contracts'
import { isDatabaseAway } from '@sallyport/database'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import { SharedStoreAwayError } from '../runtime/shared-store.ts'
import { ApiProblem } from './api-problem.ts'

const CODES: Readonly<Record<number, string>> = {
  400: 'bad-request',
  404: 'not-found',
  405: 'bad-request',
  413: 'too-large',
  415: 'bad-request',
}

/** Turns whatever a handler threw into the answer's status and body; what nobody expected is logged and told to nobody. */
export function toApiError(error: unknown, log: Logger): { status: number; body: ApiError } {
  if (error instanceof ApiProblem) {
    const { status, code, message, issues } = error
    return { status, body: { code, message, ...(issues === undefined ? {} : { issues }) } }
  }
  if (isTemporary(error)) {
    log.warn({ reason: describeError(error) }, 'request refused for now')
    return temporarilyUnavailable()
  }
  const status = statusOf(error)
  if (status < 500) {
    return { status, body: { code: CODES[status] ?? 'bad-request', message: describeError(error) } }
  }
  log.error({ reason: describeError(error), stack: error instanceof Error ? error.stack : undefined }, 'request failed')
  return { status: 500, body: { code: 'internal-error', message: 'Something went wrong on our side.' } }
}

/** Tells whether PostgreSQL or Redis being away is the cause. */
export function isTemporary(error: unknown): boolean {
  return error instanceof SharedStoreAwayError || isDatabaseAway(error)
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
