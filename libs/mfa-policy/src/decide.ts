import type { Check, Decision, PolicyDuty } from './decision.ts'
import type { Facts } from './facts.ts'
import { GATES } from './gates.ts'
import { sessionEndOf } from './login.ts'
import type { MfaPolicy } from './policy.ts'
import { judgeFactor } from './second-factor.ts'

/**
 * Decides about one attempt, real or supposed. The policy has no problems (`policyProblems`); the password, the proof of
 * the second factor or the token in the facts has been verified. A token and a renegotiation are never challenged.
 */
export function decide(policy: MfaPolicy, facts: Facts): Decision {
  const checks: Check[] = []
  for (const { check, reason, look } of GATES) {
    const found = look(facts, policy)
    checks.push({ check, ...found })
    if (found.outcome === 'failed') return { decision: 'deny', reason, checks }
  }
  const verdict = judgeFactor(policy, facts)
  checks.push(...verdict.checks)
  switch (verdict.result) {
    case 'denied':
      return { decision: 'deny', reason: verdict.reason, checks }
    case 'asked':
      return { decision: 'challenge', methods: verdict.methods, reason: verdict.reason, checks }
    case 'passed': {
      const { factor, askAgainAtMs, duty } = verdict
      const duties: PolicyDuty[] = facts.account.mustChangePassword ? ['password-change'] : []
      if (duty !== undefined) duties.push(duty)
      const sessionEndsAtMs = sessionEndOf(policy, facts)
      return { decision: 'allow', sessionEndsAtMs, askAgainAtMs, factor, duties, checks }
    }
  }
}
