/** The service's clock is known in whole seconds, cut off, and late by the way of an answer: a preview begins after it. */
const BEHIND_AT_MOST_MS = 2000

/** The stored rules that a preview is of, and the time at which everything is supposed to happen. */
export interface PreviewMoment {
  /** What is stored, as a text; empty while that is not known. */
  readonly stored: string
  /** Counts how often the stored rules have changed since. */
  readonly generation: number
  readonly at: string
}

/** Gives the moment at which a visit begins, by the service's clock. */
export function firstMoment(serverMs: number): PreviewMoment {
  return { stored: '', generation: 0, at: instantAfter(serverMs) }
}

/**
 * Goes on when other rules are stored: what they begin, a time of grace for example, begins when they are saved, so that
 * everything is supposed to happen after that. Gives the same moment while nothing changed.
 */
export function momentAfter(moment: PreviewMoment, stored: string, serverMs: number): PreviewMoment {
  if (moment.stored === stored) return moment
  if (moment.stored === '') return { ...moment, stored }
  return { stored, generation: moment.generation + 1, at: instantAfter(serverMs) }
}

function instantAfter(serverMs: number): string {
  return new Date(serverMs + BEHIND_AT_MOST_MS).toISOString()
}
