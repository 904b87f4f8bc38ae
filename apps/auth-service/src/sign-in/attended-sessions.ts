import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { RedisSessionStore } from './redis-session-store.ts'

/**
 * What a page sends with a request that nobody at it caused: it asks anew because something changed. Such requests do
 * not keep a session, or a page that was left open would never be signed out.
 */
export const UNATTENDED_HEADER = 'sallyport-unattended'
/** Browsers open its stream by themselves, and cannot send a header with it. */
const EVENTS = '/api/v1/events'

/** Lets every request that somebody caused keep its session; registered behind the session itself. */
export function keepAttendedSessions(server: FastifyInstance, store: RedisSessionStore): void {
  server.addHook('onRequest', (request, _, done) => {
    if (isAttended(request)) store.keep(request.session.sessionId)
    done()
  })
}

function isAttended({ session, headers, url }: FastifyRequest): boolean {
  return session.signedIn !== undefined && headers[UNATTENDED_HEADER] === undefined && url.split('?', 1)[0] !== EVENTS
}
