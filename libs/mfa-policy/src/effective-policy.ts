import { type MfaPolicy, type MfaPolicyOverride, POLICY_FIELDS, type PolicyField } from './policy.ts'

/** What one of a user's groups says, in the order of the tenant's groups. */
export interface GroupOverride {
  /** Name or id of the group: it comes back in `sources`. */
  readonly group: string
  readonly policy: MfaPolicyOverride
}

/** Who decided a rule. */
export type PolicySource = 'tenant' | { readonly group: string }

/** The rules that hold for one user, and who decided each. */
export interface EffectivePolicy {
  readonly policy: MfaPolicy
  readonly sources: Readonly<Record<PolicyField, PolicySource>>
}

/**
 * Gives the rules that hold for a user: for each the first group that states it decides, else the tenant.
 * `requiredSinceMs` comes from where `mfa` comes from, and is 0 where a group states only `mfa`: no new grace.
 */
export function effectivePolicy(tenant: MfaPolicy, overrides: readonly GroupOverride[]): EffectivePolicy {
  const deciderOf = (field: PolicyField): GroupOverride | undefined => {
    const stated = field === 'requiredSinceMs' ? 'mfa' : field
    return overrides.find(({ policy }) => policy[stated] !== undefined)
  }
  const entries = POLICY_FIELDS.map((field) => [field, deciderOf(field)] as const)
  const policy = entries.reduce<MfaPolicy>((rules, [field, decider]) => {
    return decider === undefined ? rules : { ...rules, ...only(decider.policy, field) }
  }, tenant)
  return { policy, sources: sourcesOf(deciderOf) }
}

/** The part of an override that is about one rule. */
function only(override: MfaPolicyOverride, field: PolicyField): MfaPolicyOverride {
  if (field === 'requiredSinceMs') return { requiredSinceMs: override.requiredSinceMs ?? 0 }
  return { [field]: override[field] }
}

function sourcesOf(deciderOf: (field: PolicyField) => GroupOverride | undefined): EffectivePolicy['sources'] {
  const source = (field: PolicyField): PolicySource => {
    const decider = deciderOf(field)
    return decider === undefined ? 'tenant' : { group: decider.group }
  }
  return {
    mfa: source('mfa'),
    methods: source('methods'),
    enrolmentGraceSeconds: source('enrolmentGraceSeconds'),
    requiredSinceMs: source('requiredSinceMs'),
    askAgain: source('askAgain'),
    askOnNewDevice: source('askOnNewDevice'),
    askOnAddressChange: source('askOnAddressChange'),
    askOnCountryChange: source('askOnCountryChange'),
    timeZone: source('timeZone'),
    sessionSeconds: source('sessionSeconds'),
    sessionsEndAt: source('sessionsEndAt'),
    idleSeconds: source('idleSeconds'),
    tokenSeconds: source('tokenSeconds'),
    deviceLimit: source('deviceLimit'),
    connectionLimit: source('connectionLimit'),
    deviceCertificateDays: source('deviceCertificateDays'),
    deviceRenewalDays: source('deviceRenewalDays'),
  }
}
