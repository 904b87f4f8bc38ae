/** A parser, or what else takes bytes from strangers, and how to see that it did wrong. */
export interface FuzzTarget {
  /** Name of its folder of the corpora. */
  readonly name: string
  /** Longest input worth trying. */
  readonly maxBytes: number
  /** Well-formed inputs to begin with. */
  readonly seeds: () => readonly Uint8Array[]
  /** Takes one input; throws when an invariant does not hold. It may keep nothing from one call to the next. */
  readonly run: (input: Uint8Array) => void
}

/** Throws when an invariant of a target does not hold. */
export function expectThat(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`does not hold: ${invariant}`)
}
