import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { ApiError } from '@sallyport/contracts'
import { describeError, errorCode } from '@sallyport/foundation'
import { LeaseStoreError } from '@sallyport/ip-pool'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply } from 'fastify'

import type { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { ApiProblem } from './api-problem.ts'

/** The only place where errors become answers. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  readonly #metrics: AllocatorMetrics
  readonly #log: Logger

  constructor(metrics: AllocatorMetrics, log: Logger) {
    this.#metrics = metrics
    this.#log = log
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, body } = answerTo(error, this.#metrics, this.#log)
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send(body)
  }
}

/** Counts a refusal and says how to answer it; what nobody expected is logged and told to nobody. */
export function answerTo(
  error: unknown,
  metrics: Pick<AllocatorMetrics, 'refusals'>,
  log: Logger,
): { status: number; body: ApiError } {
  const problem = problemOf(error)
  if (problem === undefined) {
    const stack = error instanceof Error ? error.stack : undefined
    log.error({ reason: describeError(error), stack }, 'request failed')
    return { status: 500, body: { code: 'internal-error', message: 'Something went wrong on our side.' } }
  }
  const { status, code, message, issues } = problem
  metrics.refusals.increment(code)
  if (code === 'store-unavailable') log.warn({ reason: describeError(error) }, 'request refused for now')
  return { status, body: { code, message, ...(issues === undefined ? {} : { issues }) } }
}

/** Says which refusal an error is; `undefined` for what nobody expected. */
function problemOf(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error
  if (error instanceof LeaseStoreError && error.code === 'store-unavailable') return new ApiProblem('store-unavailable')
  if (error instanceof HttpException && error.getStatus() === 404) return new ApiProblem('not-found')
  if (error instanceof HttpException && error.getStatus() < 500) return new ApiProblem('bad-request')
  // Fastify's own errors, about a body that is too large or no JSON.
  return errorCode(error)?.startsWith('FST_ERR_CTP_') === true ? new ApiProblem('bad-request') : undefined
}
