import { CLOCK_TOLERANCE_MS } from '@sallyport/mfa-policy'

/** A node synchronises every 15 s; of one that does not, nobody knows what it carries. */
export const NODE_AWAY_AFTER_MS = 60_000

/**
 * Matches the connections that count for a limit: open ones, unless their node is gone and nobody will ever tell that
 * they ended. Later by as much as clocks may step, so that a step lets nobody have too many; `note_connections` in the
 * database counts the same.
 */
export function countedConnections(nowMs: number): {
  endedAt: null
  OR: [{ authorisedAt: { gte: Date } }, { service: { lastSeenAt: { gte: Date } } }]
} {
  const since = new Date(nowMs - NODE_AWAY_AFTER_MS - CLOCK_TOLERANCE_MS)
  return {
    endedAt: null,
    OR: [{ authorisedAt: { gte: since } }, { service: { lastSeenAt: { gte: since } } }],
  }
}
