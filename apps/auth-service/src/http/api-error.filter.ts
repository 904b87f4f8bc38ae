import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply } from 'fastify'

import { toApiError } from './api-error.ts'

/** The only place where errors of the public API become answers. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, body } = toApiError(error, this.#log)
    // A handler may have announced another type before it failed, and Fastify refuses an object of that type.
    void host.switchToHttp().getResponse<FastifyReply>().status(status).type('application/json').send(body)
  }
}
