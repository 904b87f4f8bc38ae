import { choiceIn, present, textIn } from '../../api/search-params.ts'

/** What the list of devices shows; without a state those that are not revoked. */
export interface DevicesSearch {
  readonly search?: string
  readonly state?: 'revoked' | 'all'
  /** soon: the certificate ends within 30 days or has ended; over: it has ended. */
  readonly expiring?: 'soon' | 'over'
  readonly userId?: string
}

const SOON_DAYS = 30
const DAY_MS = 24 * 3600 * 1000

/** Reads what is to be shown from the address of the page. */
export function readDevicesSearch(raw: Readonly<Record<string, unknown>>): DevicesSearch {
  return present({
    search: textIn(raw, 'search'),
    state: choiceIn(raw, 'state', ['revoked', 'all']),
    expiring: choiceIn(raw, 'expiring', ['soon', 'over']),
    userId: textIn(raw, 'userId'),
  })
}

/** The same as the service is asked for it, at a time in milliseconds. */
export function devicesQueryOf(
  { state, expiring, ...search }: DevicesSearch,
  nowMs: number,
): Pick<DevicesSearch, 'search' | 'userId'> & {
  readonly state?: 'active' | 'revoked'
  readonly expiresBefore?: string
} {
  const ahead = { soon: SOON_DAYS * DAY_MS, over: 0 }
  return present({
    ...search,
    state: state === 'all' ? undefined : (state ?? 'active'),
    expiresBefore: expiring && new Date(nowMs + ahead[expiring]).toISOString(),
  })
}

/** How a certificate stands, at a time in milliseconds. */
export function certificateStateOf(notAfter: string, nowMs: number): 'good' | 'soon' | 'over' {
  const leftMs = Date.parse(notAfter) - nowMs
  return leftMs <= 0 ? 'over' : leftMs <= SOON_DAYS * DAY_MS ? 'soon' : 'good'
}
