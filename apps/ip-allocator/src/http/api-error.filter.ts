import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { ApiError } from '@sallyport/contracts'
import { describeError, errorCode } from '@sallyport/foundation'
import { LeaseStoreError } from '@sallyport/ip-pool'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply } from 'fastify'

import type { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { ApiProblem } from './api-problem.ts'

/** The only place where errors become answers, and refusals are counted. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  readonly #metrics: AllocatorMetrics
  readonly #log: Logger

  constructor(metrics: AllocatorMetrics, log: Logger) {
    this.#metrics = metrics
    this.#log = log
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const problem = problemOf(error)
    if (problem === undefined) {
      this.#log.error({ reason: describeError(error), stack: stackOf(error) }, 'request failed')
      const body: ApiError = { code: 'internal-error', message: 'Something went wrong on our side.' }
      void reply.status(500).send(body)
      return
    }
    const { code, message, issues } = problem
    this.#metrics.refusals.increment(code)
    if (code === 'store-unavailable') this.#log.warn({ reason: describeError(error) }, 'request refused for now')
    const body: ApiError = { code, message, ...(issues === undefined ? {} : { issues }) }
    void reply.status(problem.status).send(body)
  }
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

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
