import { isLocalTime, isTimeZone } from './local-time.ts'
import {
  ASK_AGAIN_RHYTHMS,
  FACTOR_METHODS,
  MFA_MODES,
  type MfaPolicyOverride,
  type NumberField,
  POLICY_LIMITS,
  type PolicyField,
} from './policy.ts'

/** What is wrong with a rule. */
export const PROBLEM_CODES = [
  'unknown-value',
  'empty',
  'repeated',
  'not-whole',
  'out-of-range',
  'bad-local-time',
  'unknown-time-zone',
  /** A token that lives longer than a login, or a renewal before the certificate's beginning: `max` is the other's value. */
  'exceeds',
  /** `requiredSinceMs` of an override that does not state `mfa`. */
  'without-mfa',
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

/** One thing that is wrong; `field` is a path such as `askAgain.hours`, limits are those that it breaks. */
export interface PolicyProblem {
  readonly field: PolicyField | 'askAgain.hours' | 'askAgain.untilLocalTime'
  readonly problem: ProblemCode
  readonly min?: number
  readonly max?: number
}

interface Range {
  readonly min: number
  readonly max: number
}

const NUMBER_FIELDS = [
  'enrolmentGraceSeconds',
  'requiredSinceMs',
  'sessionSeconds',
  'idleSeconds',
  'tokenSeconds',
  'deviceLimit',
  'connectionLimit',
  'deviceCertificateDays',
  'deviceRenewalDays',
] as const satisfies readonly NumberField[]

/** Lists what is wrong with a policy, or with what a group overrides; types are taken as checked. Empty: it can be used. */
export function policyProblems(policy: MfaPolicyOverride): readonly PolicyProblem[] {
  return [
    ...choiceProblems(policy),
    ...askAgainProblems(policy),
    ...numberProblems(policy),
    ...timeProblems(policy),
    ...contradictions(policy),
  ]
}

function choiceProblems({ mfa, methods }: MfaPolicyOverride): PolicyProblem[] {
  const problems: PolicyProblem[] = []
  if (mfa !== undefined && !MFA_MODES.includes(mfa)) problems.push({ field: 'mfa', problem: 'unknown-value' })
  if (methods === undefined) return problems
  if (methods.length === 0) problems.push({ field: 'methods', problem: 'empty' })
  if (new Set(methods).size < methods.length) problems.push({ field: 'methods', problem: 'repeated' })
  if (!methods.every((method) => FACTOR_METHODS.includes(method))) {
    problems.push({ field: 'methods', problem: 'unknown-value' })
  }
  return problems
}

function askAgainProblems({ askAgain }: MfaPolicyOverride): PolicyProblem[] {
  if (askAgain === undefined) return []
  if (!ASK_AGAIN_RHYTHMS.includes(askAgain.every)) return [{ field: 'askAgain', problem: 'unknown-value' }]
  if (askAgain.every === 'hours') return rangeProblems('askAgain.hours', askAgain.hours, POLICY_LIMITS.askAgainHours)
  if (askAgain.every === 'connection' || isLocalTime(askAgain.untilLocalTime)) return []
  return [{ field: 'askAgain.untilLocalTime', problem: 'bad-local-time' }]
}

function numberProblems(policy: MfaPolicyOverride): PolicyProblem[] {
  return NUMBER_FIELDS.flatMap((field) => {
    const value = policy[field]
    return value === undefined || value === null ? [] : rangeProblems(field, value, POLICY_LIMITS[field])
  })
}

function rangeProblems(field: PolicyProblem['field'], value: number, { min, max }: Range): PolicyProblem[] {
  if (!Number.isInteger(value)) return [{ field, problem: 'not-whole', min, max }]
  return value < min || value > max ? [{ field, problem: 'out-of-range', min, max }] : []
}

function timeProblems({ timeZone, sessionsEndAt }: MfaPolicyOverride): PolicyProblem[] {
  const problems: PolicyProblem[] = []
  if (timeZone !== undefined && !isTimeZone(timeZone))
    problems.push({ field: 'timeZone', problem: 'unknown-time-zone' })
  if (typeof sessionsEndAt === 'string' && !isLocalTime(sessionsEndAt)) {
    problems.push({ field: 'sessionsEndAt', problem: 'bad-local-time' })
  }
  return problems
}

function contradictions(policy: MfaPolicyOverride): PolicyProblem[] {
  const { mfa, requiredSinceMs, sessionSeconds, tokenSeconds, deviceCertificateDays, deviceRenewalDays } = policy
  const problems: PolicyProblem[] = []
  if (requiredSinceMs !== undefined && mfa === undefined) {
    problems.push({ field: 'requiredSinceMs', problem: 'without-mfa' })
  }
  if (tokenSeconds !== undefined && sessionSeconds !== undefined && tokenSeconds > sessionSeconds) {
    problems.push({ field: 'tokenSeconds', problem: 'exceeds', max: sessionSeconds })
  }
  if (deviceRenewalDays !== undefined && deviceCertificateDays !== undefined) {
    if (deviceRenewalDays > deviceCertificateDays) {
      problems.push({ field: 'deviceRenewalDays', problem: 'exceeds', max: deviceCertificateDays })
    }
  }
  return problems
}
