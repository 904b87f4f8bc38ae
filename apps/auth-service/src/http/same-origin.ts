import type { FastifyInstance, FastifyRequest } from 'fastify'

import { ApiProblem } from './api-problem.ts'

/** What a browser says about where a request comes from. */
type BrowserHeaders = Pick<FastifyRequest['headers'], 'origin' | 'sec-fetch-site'>

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses every request that could change something and was sent by a page of another origin, whoever handles it, and
 * before its session is looked at. That is so without a session too: nobody is to be signed in by another page.
 */
export function refuseForeignPages(server: Pick<FastifyInstance, 'addHook'>, publicUrl: string): void {
  server.addHook('onRequest', (request, _, done) => {
    if (!SAFE_METHODS.has(request.method)) refuseForeignOrigin(request.headers, publicUrl)
    done()
  })
}

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
