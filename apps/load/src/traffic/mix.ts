/** What a connected client does. */
export const TRAFFIC_KINDS = ['idle', 'ping', 'small-up', 'small-down', 'bulk-up', 'bulk-down'] as const
export type TrafficKind = (typeof TRAFFIC_KINDS)[number]

/** One kind of traffic and how many of the clients have it, as a weight. */
export interface MixPart {
  readonly kind: TrafficKind
  readonly weight: number
}

const MAX_WEIGHT = 1_000

/** Reads `KIND[:WEIGHT],…`; `undefined` when a kind is unknown or named twice, or a weight is no number from 1 to 1000. */
export function parseMix(text: string): readonly MixPart[] | undefined {
  const parts: MixPart[] = []
  for (const word of text.split(',')) {
    const [, name, digits = '1'] = /^([a-z-]+)(?::(\d{1,4}))?$/.exec(word) ?? []
    const kind = TRAFFIC_KINDS.find((known) => known === name)
    const weight = Number(digits)
    if (kind === undefined || weight < 1 || weight > MAX_WEIGHT) return undefined
    if (parts.some((part) => part.kind === kind)) return undefined
    parts.push({ kind, weight })
  }
  return parts
}

/** Writes what `parseMix` reads. */
export function mixText(mix: readonly MixPart[]): string {
  return mix.map(({ kind, weight }) => (weight === 1 ? kind : `${kind}:${String(weight)}`)).join(',')
}

/**
 * Deals the kinds to the clients, so that every prefix of the clients has the parts of the mix as nearly as whole
 * clients can: a client gets the kind that lags most behind its share.
 */
export function dealMix(mix: readonly MixPart[], clients: number): readonly TrafficKind[] {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0)
  const dealt = mix.map(() => 0)
  return Array.from({ length: clients }, (_, index) => {
    let chosen = 0
    let largestLag = -Infinity
    mix.forEach(({ weight }, part) => {
      const lag = (weight / total) * (index + 1) - (dealt[part] ?? 0)
      if (lag > largestLag) [chosen, largestLag] = [part, lag]
    })
    dealt[chosen] = (dealt[chosen] ?? 0) + 1
    return mix[chosen]?.kind ?? 'idle'
  })
}

/** Whether any client needs a responder behind the server. */
export function needsTarget(mix: readonly MixPart[]): boolean {
  return mix.some(({ kind }) => kind !== 'idle')
}
