import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { RETRY_AFTER_SECONDS, toApiError } from './api-error.ts'
import { ApiProblem, problemOf } from './api-problem.ts'
import type { Route } from './routes.ts'

/** The only place where errors of the public API become answers. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  readonly #log: Logger
  readonly #routes: readonly { readonly path: RegExp; readonly method: string }[]

  constructor(log: Logger, routes: readonly Pick<Route, 'path' | 'method'>[]) {
    this.#log = log
    this.#routes = routes.map(({ path, method }) => ({ path: patternOf(path), method: method.toUpperCase() }))
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    answerProblem(http.getResponse<FastifyReply>(), this.#explain(error, http.getRequest<FastifyRequest>()), this.#log)
  }

  /** Nest only says that it has no handler. */
  #explain(error: unknown, { url }: FastifyRequest): unknown {
    if (error instanceof ApiProblem || !(error instanceof HttpException) || error.getStatus() !== 404) return error
    const path = url.split('?', 1)[0] ?? ''
    const methods = this.#routes.filter((route) => route.path.test(path)).map(({ method }) => method)
    if (methods.length === 0)
      return new ApiProblem(404, 'not-found', 'There is nothing here. /api/openapi.json lists what there is.')
    const allow = methods.join(', ')
    return new ApiProblem(405, 'wrong-method', `This address takes ${allow}.`, undefined, { allow })
  }
}

/** Answers with the problem document of an error. */
export function answerProblem(reply: FastifyReply, error: unknown, log: Logger): void {
  const { status, body } = toApiError(error, log)
  const headers = error instanceof ApiProblem ? error.headers : {}
  // A handler may have announced another type before it failed, and Fastify refuses an object of that type.
  void reply
    .status(status)
    .headers({
      ...(status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
      ...headers,
      'cache-control': 'no-store',
    })
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(status, body)))
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`)
}
