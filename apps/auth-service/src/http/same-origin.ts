import type { FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'

/** What a browser says about where a request comes from. */
type BrowserHeaders = Pick<FastifyRequest['headers'], 'origin' | 'sec-fetch-site'>

/**
 * Throws the 403 when a page of another origin sent the request. What is no browser sends neither header and cannot be
 * made to send a cookie; the cookie's `SameSite=Strict` holds beside this (RFC 6454 §7.3, Fetch Metadata).
 */
export function refuseForeignOrigin(headers: BrowserHeaders, publicUrl: string): void {
  const { origin, 'sec-fetch-site': site } = headers
  const isForeignOrigin = origin !== undefined && origin !== new URL(publicUrl).origin
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (!isForeignOrigin && !isForeignSite) return
  throw new ApiProblem(403, 'foreign-origin', 'This must be done on our own page.')
}
