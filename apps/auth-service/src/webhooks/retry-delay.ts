const FIRST_MS = 5000
const LONGEST_MS = 3600 * 1000
/** A webhook that fails for so long is disabled. */
export const PATIENCE_MS = 3 * 24 * 3600 * 1000

/**
 * Says how long to wait after so many failures in a row: 5 s, doubled each time, an hour at most, and up to a fifth less
 * or more by chance (`chance` from 0 to 1), so that what failed together does not come back together. A receiver that
 * names a time itself is heard, up to the hour.
 */
export function retryDelayMs(failures: number, chance: number, askedMs = 0): number {
  const grown = Math.min(FIRST_MS * 2 ** Math.min(Math.max(failures - 1, 0), 20), LONGEST_MS)
  return Math.round(Math.min(Math.max(grown, askedMs), LONGEST_MS) * (0.8 + 0.4 * chance))
}
