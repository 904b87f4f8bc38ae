/** Distance from one message id to a later one, modulo 2^32. */
export function idsFrom(earlier: number, later: number): number {
  return (later - earlier) >>> 0
}

/** Tells whether an id comes before another, for ids less than 2^31 apart. */
export function isBefore(id: number, other: number): boolean {
  return ((id - other) | 0) < 0
}

/** The id after this one. */
export function nextId(id: number): number {
  return (id + 1) >>> 0
}
