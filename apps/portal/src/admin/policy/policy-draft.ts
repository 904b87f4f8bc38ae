import { type PolicyProblem, policyProblems } from '@sallyport/mfa-policy'

import { type DurationUnit, exactDuration, SECONDS_OF } from './duration.ts'
import type { Override, RuleName, Rules } from './rules.ts'

/** A number as it is typed, with its unit. */
export interface DurationText {
  readonly text: string
  readonly unit: DurationUnit
}

/** Something that need not be limited. */
export type Optional<Value> = Value & { readonly isSet: boolean }

/** The rules as they stand in a form: texts that may not be numbers, and what is chosen again when it is set again. */
export interface PolicyDraft {
  readonly mfa: Rules['mfa']
  readonly methods: Rules['methods']
  readonly enrolmentGraceSeconds: DurationText
  readonly askAgain: { readonly every: Rules['askAgain']['every']; readonly hours: string; readonly time: string }
  readonly askOnNewDevice: boolean
  readonly askOnAddressChange: boolean
  readonly askOnCountryChange: boolean
  readonly timeZone: string
  readonly sessionSeconds: DurationText
  readonly sessionsEndAt: Optional<{ readonly time: string }>
  readonly idleSeconds: Optional<DurationText>
  readonly tokenSeconds: DurationText
  readonly deviceLimit: Optional<{ readonly text: string }>
  readonly connectionLimit: Optional<{ readonly text: string }>
  readonly deviceCertificateDays: string
  readonly deviceRenewalDays: string
}

const USUAL = { hours: '8', time: '04:00', idle: { text: '1', unit: 'hour' }, limit: '5' } as const

/** Writes rules into a form. */
export function draftOf(rules: Rules): PolicyDraft {
  const { askAgain, sessionsEndAt, idleSeconds } = rules
  return {
    ...rules,
    enrolmentGraceSeconds: durationText(rules.enrolmentGraceSeconds, 'day'),
    askAgain: {
      every: askAgain.every,
      hours: askAgain.every === 'hours' ? String(askAgain.hours) : USUAL.hours,
      time: askAgain.every === 'day' ? askAgain.untilLocalTime : USUAL.time,
    },
    sessionSeconds: durationText(rules.sessionSeconds, 'hour'),
    sessionsEndAt: { isSet: sessionsEndAt !== null, time: sessionsEndAt ?? USUAL.time },
    idleSeconds: {
      isSet: idleSeconds !== null,
      ...(idleSeconds === null ? USUAL.idle : durationText(idleSeconds, 'hour')),
    },
    tokenSeconds: durationText(rules.tokenSeconds, 'hour'),
    deviceLimit: limitText(rules.deviceLimit),
    connectionLimit: limitText(rules.connectionLimit),
    deviceCertificateDays: String(rules.deviceCertificateDays),
    deviceRenewalDays: String(rules.deviceRenewalDays),
  }
}

/** Reads the rules from a form; a text that is no number becomes `NaN`, which `problemsOf` tells. */
export function rulesIn(draft: PolicyDraft): Rules {
  const { sessionsEndAt, idleSeconds } = draft
  return {
    ...draft,
    enrolmentGraceSeconds: secondsIn(draft.enrolmentGraceSeconds),
    askAgain: askAgainIn(draft.askAgain),
    sessionSeconds: secondsIn(draft.sessionSeconds),
    sessionsEndAt: sessionsEndAt.isSet ? sessionsEndAt.time : null,
    idleSeconds: idleSeconds.isSet ? secondsIn(idleSeconds) : null,
    tokenSeconds: secondsIn(draft.tokenSeconds),
    deviceLimit: limitIn(draft.deviceLimit),
    connectionLimit: limitIn(draft.connectionLimit),
    deviceCertificateDays: numberIn(draft.deviceCertificateDays),
    deviceRenewalDays: numberIn(draft.deviceRenewalDays),
  }
}

/** Takes of all rules those that a group states. */
export function statedRules(rules: Rules, stated: ReadonlySet<RuleName>): Override {
  return Object.fromEntries(Object.entries(rules).filter(([name]) => [...stated].some((one) => one === name)))
}

/** Names what is wrong with rules, by their paths (`askAgain.hours`); the service refuses the same. */
export function problemsOf(rules: Override): ReadonlyMap<string, PolicyProblem> {
  return new Map(policyProblems(rules).map((problem) => [problem.field, problem]))
}

function askAgainIn({ every, hours, time }: PolicyDraft['askAgain']): Rules['askAgain'] {
  switch (every) {
    case 'connection':
      return { every }
    case 'hours':
      return { every, hours: numberIn(hours) }
    case 'day':
      return { every, untilLocalTime: time }
  }
}

function durationText(seconds: number, unitOfNone: DurationUnit): DurationText {
  if (seconds === 0) return { text: '0', unit: unitOfNone }
  const { value, unit } = exactDuration(seconds)
  return { text: String(value), unit }
}

function secondsIn({ text, unit }: DurationText): number {
  return numberIn(text) * SECONDS_OF[unit]
}

function limitText(limit: number | null): PolicyDraft['deviceLimit'] {
  return { isSet: limit !== null, text: limit === null ? USUAL.limit : String(limit) }
}

function limitIn({ isSet, text }: PolicyDraft['deviceLimit']): number | null {
  return isSet ? numberIn(text) : null
}

/** Empty text is no zero. */
function numberIn(text: string): number {
  return /^\d{1,12}$/.test(text.trim()) ? Number(text) : Number.NaN
}
