import type { operations } from '@sallyport/api-client'

/** What a dry run came to. */
export type DryRun = operations['policyDryRun']['responses'][200]['content']['application/json']

/** An outcome as it is said in words. */
export type Outcome =
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'asked'; readonly reason: string; readonly methods: DryRun['methods'] }
  | {
      readonly kind: 'allowed'
      readonly factor: 'given' | 'remembered' | 'not-needed' | 'none-enrolled' | 'in-grace' | 'to-enrol'
      readonly sessionEndsAt: string | null
      readonly askAgainAt: string | null
    }

/**
 * Reads a dry run: how somebody who is let in came by the second factor is in the checks. The end of a login is one of
 * VPN connections: sessions of the portal have a length of their own.
 */
export function outcomeOf(run: DryRun, where: 'vpn' | 'portal' = 'vpn'): Outcome {
  const { decision, reason, methods, checks, askAgainAt } = run
  const sessionEndsAt = where === 'portal' ? null : run.sessionEndsAt
  if (decision === 'deny') return { kind: 'denied', reason: reason ?? '' }
  if (decision === 'challenge') return { kind: 'asked', reason: reason ?? '', methods }
  return { kind: 'allowed', factor: factorOf(checks), sessionEndsAt, askAgainAt }
}

/** Says whether two outcomes are the same for whom they concern, with the same times. */
export function isSameOutcome(one: Outcome, other: Outcome): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function factorOf(checks: DryRun['checks']): Extract<Outcome, { kind: 'allowed' }>['factor'] {
  const find = (name: string): DryRun['checks'][number] | undefined => checks.find(({ check }) => check === name)
  const enrolment = find('enrolment')
  if (find('mfa')?.detail === 'off') return 'not-needed'
  if (enrolment?.outcome === 'asked') return 'to-enrol'
  if (enrolment?.detail === 'in-grace') return 'in-grace'
  if (enrolment?.detail === 'none') return 'none-enrolled'
  return find('factor')?.outcome === 'passed' ? 'given' : 'remembered'
}
