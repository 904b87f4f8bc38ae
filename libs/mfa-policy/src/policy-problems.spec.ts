import { expect, it } from 'vitest'

import { DEFAULT_POLICY, type MfaPolicyOverride, POLICY_LIMITS } from './policy.ts'
import { type PolicyProblem, policyProblems } from './policy-problems.ts'

/** What came from outside with the right types only by its own word. */
function untyped(json: string): MfaPolicyOverride {
  const value: unknown = JSON.parse(json)
  return typeof value === 'object' ? { ...value } : {}
}

it('finds nothing wrong with the default, nor with an override that says nothing', () => {
  expect(policyProblems(DEFAULT_POLICY)).toEqual([])
  expect(policyProblems({})).toEqual([])
})

it.each<[string, PolicyProblem['field'], PolicyProblem['problem']]>([
  ['{"mfa":"sometimes"}', 'mfa', 'unknown-value'],
  ['{"methods":[]}', 'methods', 'empty'],
  ['{"methods":["totp","totp"]}', 'methods', 'repeated'],
  ['{"methods":["sms"]}', 'methods', 'unknown-value'],
  ['{"askAgain":{"every":"week"}}', 'askAgain', 'unknown-value'],
  ['{"askAgain":{"every":"hours","hours":0}}', 'askAgain.hours', 'out-of-range'],
  ['{"askAgain":{"every":"hours","hours":721}}', 'askAgain.hours', 'out-of-range'],
  ['{"askAgain":{"every":"hours","hours":1.5}}', 'askAgain.hours', 'not-whole'],
  ['{"askAgain":{"every":"hours"}}', 'askAgain.hours', 'not-whole'],
  ['{"askAgain":{"every":"day","untilLocalTime":"24:00"}}', 'askAgain.untilLocalTime', 'bad-local-time'],
  ['{"timeZone":"Europe/Atlantis"}', 'timeZone', 'unknown-time-zone'],
  ['{"timeZone":"+01:00"}', 'timeZone', 'unknown-time-zone'],
  ['{"timeZone":""}', 'timeZone', 'unknown-time-zone'],
  ['{"sessionsEndAt":"4:00"}', 'sessionsEndAt', 'bad-local-time'],
  ['{"sessionsEndAt":"04:60"}', 'sessionsEndAt', 'bad-local-time'],
  ['{"sessionSeconds":59}', 'sessionSeconds', 'out-of-range'],
  ['{"tokenSeconds":1e300}', 'tokenSeconds', 'out-of-range'],
  ['{"idleSeconds":0}', 'idleSeconds', 'out-of-range'],
  ['{"deviceLimit":0}', 'deviceLimit', 'out-of-range'],
  ['{"connectionLimit":-1}', 'connectionLimit', 'out-of-range'],
  ['{"enrolmentGraceSeconds":-1}', 'enrolmentGraceSeconds', 'out-of-range'],
  ['{"deviceCertificateDays":3651}', 'deviceCertificateDays', 'out-of-range'],
  ['{"deviceRenewalDays":0.5}', 'deviceRenewalDays', 'not-whole'],
  ['{"requiredSinceMs":5}', 'requiredSinceMs', 'without-mfa'],
  ['{"sessionSeconds":600,"tokenSeconds":601}', 'tokenSeconds', 'exceeds'],
  ['{"deviceCertificateDays":10,"deviceRenewalDays":11}', 'deviceRenewalDays', 'exceeds'],
])('%s: %s is %s', (json, field, problem) => {
  expect(policyProblems(untyped(json))).toEqual([expect.objectContaining({ field, problem })])
})

it.each(Object.entries(POLICY_LIMITS))(
  'takes the ends of the range of %s and tells them when it is left',
  (name, limit) => {
    const field = name === 'askAgainHours' ? 'askAgain.hours' : name
    const problemsWith = (value: number): readonly PolicyProblem[] => {
      const override = name === 'askAgainHours' ? { askAgain: { every: 'hours', hours: value } } : { [name]: value }
      return policyProblems(untyped(JSON.stringify({ ...override, mfa: 'required' })))
    }
    expect(problemsWith(limit.min)).toEqual([])
    expect(problemsWith(limit.max)).toEqual([])
    expect(problemsWith(limit.max + 1)).toEqual([{ field, problem: 'out-of-range', ...limit }])
    expect(problemsWith(limit.min - 1)).toEqual([{ field, problem: 'out-of-range', ...limit }])
    expect(problemsWith(limit.min + 0.5)).toEqual([{ field, problem: 'not-whole', ...limit }])
  },
)

it('says everything that is wrong at once', () => {
  const problems = policyProblems({ ...DEFAULT_POLICY, methods: [], timeZone: 'Moon', sessionsEndAt: '99:99' })
  expect(problems.map(({ field }) => field)).toEqual(['methods', 'timeZone', 'sessionsEndAt'])
})
