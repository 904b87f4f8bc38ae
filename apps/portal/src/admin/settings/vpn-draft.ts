import type { Settings, SettingsChange } from './settings.ts'

/** The settings of connections as they stand in a form. */
export interface VpnDraft {
  readonly pingSeconds: string
  readonly pingRestartSeconds: string
  readonly renegotiateSeconds: string
  /** In GiB; an empty text is no limit. */
  readonly keyLimitBytes: string
  /** An empty text is no limit. */
  readonly keyLimitPackets: string
  readonly webSignIn: boolean
}

/** The fields that are numbers. */
export type VpnNumber = Exclude<keyof VpnDraft, 'webSignIn'>

const GIBIBYTE = 2 ** 30

/** What an administrator may choose; bytes in GiB. */
export const VPN_LIMITS: Readonly<Record<VpnNumber, { readonly min: number; readonly max: number }>> = {
  pingSeconds: { min: 5, max: 300 },
  pingRestartSeconds: { min: 15, max: 3600 },
  renegotiateSeconds: { min: 600, max: 86_400 },
  keyLimitBytes: { min: 1, max: 1_000_000 },
  keyLimitPackets: { min: 2 ** 20, max: 2 ** 40 },
}

/** What is wrong with a field. */
export type VpnProblem = 'range' | 'restart-not-longer'

/** Writes the settings into a form. */
export function vpnDraftOf(settings: Settings): VpnDraft {
  const { pingSeconds, pingRestartSeconds, renegotiateSeconds, keyLimitBytes, keyLimitPackets, webSignIn } = settings
  return {
    pingSeconds: String(pingSeconds),
    pingRestartSeconds: String(pingRestartSeconds),
    renegotiateSeconds: String(renegotiateSeconds),
    keyLimitBytes: keyLimitBytes === null ? '' : String(keyLimitBytes / GIBIBYTE),
    keyLimitPackets: keyLimitPackets === null ? '' : String(keyLimitPackets),
    webSignIn,
  }
}

/** Reads what a form changes. What was not touched is left out: an operator may have set it beyond these bounds. */
export function vpnChangeIn(draft: VpnDraft, before: VpnDraft): SettingsChange {
  const changed = (field: keyof VpnDraft): boolean => draft[field] !== before[field]
  return {
    ...(changed('pingSeconds') && { pingSeconds: Number(draft.pingSeconds) }),
    ...(changed('pingRestartSeconds') && { pingRestartSeconds: Number(draft.pingRestartSeconds) }),
    ...(changed('renegotiateSeconds') && { renegotiateSeconds: Number(draft.renegotiateSeconds) }),
    ...(changed('keyLimitBytes') && { keyLimitBytes: limitIn(draft.keyLimitBytes, GIBIBYTE) }),
    ...(changed('keyLimitPackets') && { keyLimitPackets: limitIn(draft.keyLimitPackets, 1) }),
    ...(changed('webSignIn') && { webSignIn: draft.webSignIn }),
  }
}

/** Names what is wrong with what was changed; the service refuses the same. */
export function vpnProblemsOf(draft: VpnDraft, before: VpnDraft): ReadonlyMap<VpnNumber, VpnProblem> {
  const problems = new Map<VpnNumber, VpnProblem>()
  const fields = [
    'pingSeconds',
    'pingRestartSeconds',
    'renegotiateSeconds',
    'keyLimitBytes',
    'keyLimitPackets',
  ] as const
  for (const field of fields) {
    if (draft[field] !== before[field] && !isInRange(field, draft[field])) problems.set(field, 'range')
  }
  if (problems.size === 0 && Number(draft.pingRestartSeconds) <= Number(draft.pingSeconds)) {
    problems.set('pingRestartSeconds', 'restart-not-longer')
  }
  return problems
}

function isInRange(field: VpnNumber, text: string): boolean {
  const isLimit = field === 'keyLimitBytes' || field === 'keyLimitPackets'
  if (text.trim() === '') return isLimit
  const value = Number(text)
  const { min, max } = VPN_LIMITS[field]
  return value >= min && value <= max && (field === 'keyLimitBytes' || Number.isInteger(value))
}

function limitIn(text: string, unit: number): number | null {
  return text.trim() === '' ? null : Math.round(Number(text) * unit)
}
