import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'
import { parseJsonBody } from './json-body.ts'

/** The longest body, where an operation does not allow more. */
export const BODY_BYTES = 64 * 1024
/** A logo of 64 KiB in base64, and what stands beside it. */
const SETTINGS_BODY_BYTES = 128 * 1024
const LONGER_BODIES: ReadonlyMap<string, number> = new Map([['PATCH /api/v1/settings', SETTINGS_BODY_BYTES]])

/** Lets the API take strict JSON; any other type is refused with 415, forms above all: other origins can send them. */
export function useBodyParsers(app: NestFastifyApplication): void {
  // Fastify's own take plain text, and JSON that two readers could read differently.
  app.getHttpAdapter().getInstance().removeAllContentTypeParsers()
  app.useBodyParser('application/json', { bodyLimit: BODY_BYTES }, (request: FastifyRequest, body: Buffer, done) => {
    refuseOtherEncodings(request)
    done(null, parseJsonBody(body))
  })
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      const longer = LONGER_BODIES.get(`${String(route.method)} ${route.url}`)
      if (longer !== undefined) route.bodyLimit = longer
    })
}

/** Throws the 415 when a body is not UTF-8 as it is. */
export function refuseOtherEncodings({ headers }: Pick<FastifyRequest, 'headers'>): void {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase()
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')
    throw wrongType('Send the body in UTF-8; no other character set is read.')
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw wrongType('Send the body as it is; compressed ones are not read.')
}

/** The 415. */
export function wrongType(message: string): ApiProblem {
  return new ApiProblem(415, 'wrong-content-type', message)
}
