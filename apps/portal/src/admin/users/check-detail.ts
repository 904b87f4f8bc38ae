/** What the detail of a check is about. */
export type CheckDetail =
  | { readonly kind: 'age' | 'wait'; readonly seconds: number }
  | { readonly kind: 'time'; readonly at: string }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'code'; readonly code: string }

/** Reads the detail of a check: what a number means depends on what was looked at. `undefined`: it has none. */
export function detailOf(check: string, detail: string | number | null | undefined): CheckDetail | undefined {
  if (detail === null || detail === undefined) return undefined
  if (typeof detail === 'string') return { kind: 'code', code: detail }
  switch (check) {
    case 'attempts':
      return { kind: 'wait', seconds: detail }
    case 'session-length':
      return { kind: 'time', at: new Date(detail).toISOString() }
    case 'token-age':
    case 'idle':
    case 'proof':
      return { kind: 'age', seconds: detail }
    default:
      return { kind: 'count', count: detail }
  }
}
