import type { NestFastifyApplication } from '@nestjs/platform-fastify'

import { refuseOtherEncodings, wrongType } from './body-parsers.ts'

/** The operation that takes a CSV file. */
export const CSV_PATH = '/api/v1/users/import'

/**
 * Gives the handler that takes a CSV file the body as a stream, so that nothing of it is read before the caller was let
 * in; the handler limits it. Every other operation refuses such a body.
 */
export function useCsvBody(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addContentTypeParser('text/csv', (request, payload, done) => {
      try {
        if (request.routeOptions.url !== CSV_PATH) throw wrongType('Send the body as application/json.')
        refuseOtherEncodings(request)
        done(null, payload)
      } catch (error) {
        done(error instanceof Error ? error : new Error('a body was refused'))
      }
    })
}
