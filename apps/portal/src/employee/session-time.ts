/** From when on people are told that their session is about to end: time enough to finish a sentence, and to extend. */
const WARN_BEFORE_MS = 30 * 60_000

/** How a login stands: nothing to say, about to end, or over. */
export type SessionTime =
  { readonly state: 'good' } | { readonly state: 'ending'; readonly minutesLeft: number } | { readonly state: 'over' }

/** Says how a login stands that ends then. */
export function sessionTimeOf(endsAt: string, nowMs: number): SessionTime {
  const leftMs = Date.parse(endsAt) - nowMs
  if (leftMs <= 0) return { state: 'over' }
  return leftMs > WARN_BEFORE_MS ? { state: 'good' } : { state: 'ending', minutesLeft: Math.ceil(leftMs / 60_000) }
}
