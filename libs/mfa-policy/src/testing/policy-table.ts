import type { DeviceWish } from '../decide-device.ts'
import type { LastFactor, PasswordFacts, PortalFacts, TokenFacts, VpnFacts } from '../facts.ts'
import { type AskAgain, DEFAULT_POLICY, MFA_MODES, type MfaPolicy, type PolicyField } from '../policy.ts'
import { NOON_MS, portalFacts, tokenFacts, vpnFacts } from './sample-facts.ts'
import { durationMs, methodOf, Words } from './words.ts'

/** One row of the table in docs/policy.md. */
export interface TableRow {
  readonly policy: string
  readonly facts: string
  readonly decision: string
  readonly reason: string
}

/** The word of the table's first column for each rule. */
export const POLICY_WORDS: Readonly<Record<PolicyField, string>> = {
  mfa: 'mfa',
  methods: 'methods',
  enrolmentGraceSeconds: 'grace',
  requiredSinceMs: 'since',
  askAgain: 'ask',
  askOnNewDevice: 'ask-new-device',
  askOnAddressChange: 'ask-address',
  askOnCountryChange: 'ask-country',
  timeZone: 'zone',
  sessionSeconds: 'session',
  sessionsEndAt: 'ends',
  idleSeconds: 'idle',
  tokenSeconds: 'token',
  deviceLimit: 'devices',
  connectionLimit: 'connections',
  deviceCertificateDays: 'certificate',
  deviceRenewalDays: 'renewal',
}

/** Finds the rows: the lines of the one table whose header names the four columns. */
export function tableRows(markdown: string): readonly TableRow[] {
  const lines = markdown.split('\n')
  const header = lines.findIndex((line) => /^\| policy +\| facts +\| decision +\| reason +\|$/.test(line))
  if (header === -1) throw new Error('the table with the columns policy, facts, decision and reason is missing')
  const rows = lines.slice(header + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end === -1 ? undefined : end).map((line) => {
    const [policy = '', facts = '', decision = '', reason = ''] = line.split('|').slice(1, -1).map(plain)
    return { policy, facts, decision, reason }
  })
}

function plain(cell: string): string {
  return cell.replaceAll('`', '').trim()
}

/** Reads the first column; what is not said is as in the default policy. */
export function policyOf(cell: string, nowMs: number): MfaPolicy {
  const words = new Words(cell)
  const seconds = (name: string): number | undefined => over(words.durationMs(name), 1000)
  const days = (name: string): number | undefined => over(words.durationMs(name), 86_400_000)
  const mfa = words.text('mfa')
  const since = words.durationMs('since')
  const policy: MfaPolicy = {
    mfa: MFA_MODES.find((mode) => mode === mfa) ?? DEFAULT_POLICY.mfa,
    methods: words.methods('methods') ?? DEFAULT_POLICY.methods,
    enrolmentGraceSeconds: seconds('grace') ?? DEFAULT_POLICY.enrolmentGraceSeconds,
    requiredSinceMs: since === undefined ? DEFAULT_POLICY.requiredSinceMs : nowMs - since,
    askAgain: askAgainOf(words.text('ask')),
    askOnNewDevice: words.has('ask-new-device'),
    askOnAddressChange: words.has('ask-address'),
    askOnCountryChange: words.has('ask-country'),
    timeZone: words.text('zone') ?? DEFAULT_POLICY.timeZone,
    sessionSeconds: seconds('session') ?? DEFAULT_POLICY.sessionSeconds,
    sessionsEndAt: words.text('ends') ?? DEFAULT_POLICY.sessionsEndAt,
    idleSeconds: seconds('idle') ?? DEFAULT_POLICY.idleSeconds,
    tokenSeconds: seconds('token') ?? DEFAULT_POLICY.tokenSeconds,
    deviceLimit: words.number('devices') ?? DEFAULT_POLICY.deviceLimit,
    connectionLimit: words.number('connections') ?? DEFAULT_POLICY.connectionLimit,
    deviceCertificateDays: days('certificate') ?? DEFAULT_POLICY.deviceCertificateDays,
    deviceRenewalDays: days('renewal') ?? DEFAULT_POLICY.deviceRenewalDays,
  }
  words.end()
  if (mfa !== undefined && policy.mfa !== mfa) throw new Error(`«${mfa}» is not a mode`)
  return policy
}

function askAgainOf(text: string | undefined): AskAgain {
  if (text === undefined) return DEFAULT_POLICY.askAgain
  if (text === 'connection') return { every: 'connection' }
  return text.includes(':')
    ? { every: 'day', untilLocalTime: text }
    : { every: 'hours', hours: durationMs(text) / 3_600_000 }
}

function over(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value / unit
}

/** Reads the second column: an attempt at the portal or with a VPN client, or a device's wish for a certificate. */
export function factsOf(cell: string): PortalFacts | VpnFacts | DeviceWish {
  const words = new Words(cell)
  const now = words.text('now')
  const nowMs = now === undefined ? NOON_MS : Date.parse(now)
  const facts = words.has('device') ? wishOf(words, nowMs) : attemptOf(words, nowMs)
  words.end()
  return facts
}

function wishOf(words: Words, nowMs: number): DeviceWish {
  if (words.has('add')) return { kind: 'add', nowMs, devices: words.number('has') ?? 0 }
  if (!words.has('renew')) throw new Error('a device wants to «add» or «renew»')
  const certificateEndsAtMs = nowMs + (words.durationMs('left') ?? 0)
  return { kind: 'renew', nowMs, revoked: words.has('revoked'), certificateEndsAtMs }
}

function attemptOf(words: Words, nowMs: number): PortalFacts | VpnFacts {
  const portal = portalFacts(nowMs)
  const country = words.text('country') ?? 'DE'
  const common = {
    geoip: !words.has('no-geoip'),
    account: {
      tenantSuspended: words.has('suspended'),
      disabled: words.has('disabled'),
      mustChangePassword: words.has('must-change'),
      factorGraceFromMs: nowMs - (words.durationMs('joined') ?? 365 * 86_400_000),
      enrolled: words.has('no-factor') ? [] : (words.methods('enrolled') ?? portal.account.enrolled),
    },
    source: {
      address: words.has('elsewhere') ? '198.51.100.7' : portal.source.address,
      country: country === 'unknown' ? null : country,
    },
  }
  if (words.has('portal')) return { ...portal, ...common, credential: passwordOf(words) }
  if (!words.has('vpn')) throw new Error('facts begin with «portal», «vpn» or «device»')
  const connectedMs = words.durationMs('connected')
  return {
    ...vpnFacts({ nowMs, ...common }),
    phase: words.has('renegotiation') ? 'renegotiation' : 'initial',
    connectionStartedAtMs: connectedMs === undefined ? null : nowMs - connectedMs,
    webSignIn: words.has('web'),
    openConnections: words.number('open') ?? 0,
    device: {
      revoked: words.has('revoked'),
      certificateExpired: words.has('expired'),
      isNew: words.has('new'),
      lastFactor: lastFactorOf(words, nowMs),
    },
    credential: words.has('token') ? tokenOf(words, nowMs) : passwordOf(words),
  }
}

function passwordOf(words: Words): PasswordFacts {
  if (!words.has('password')) throw new Error('an attempt shows a «password» or, with a VPN client, a «token»')
  const proves = words.text('proves')
  return { kind: 'password', factor: proves === undefined ? null : methodOf(proves) }
}

function tokenOf(words: Words, nowMs: number): TokenFacts {
  const token = tokenFacts(nowMs, words.durationMs('login') ?? 3_600_000, words.durationMs('issued') ?? 600_000)
  const renewedMs = words.durationMs('renewed')
  return renewedMs === undefined ? token : { ...token, lastRenewedAtMs: nowMs - renewedMs }
}

function lastFactorOf(words: Words, nowMs: number): LastFactor | null {
  const provenMs = words.durationMs('proven')
  if (provenMs === undefined) return null
  const method = methodOf(words.text('proven-by') ?? 'totp')
  return { atMs: nowMs - provenMs, method, address: '192.0.2.1', country: 'DE' }
}
