import { DEFAULT_POLICY, type MfaPolicy, type MfaPolicyOverride } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { type PolicyOverride, type PolicyRules, storedOverride } from './policy.schemas.ts'

const anything = z.record(z.string(), z.unknown())

/** Reads a tenant's policy from its row; what the row does not state is as by default. */
export function policyOf(stored: unknown): MfaPolicy {
  return { ...DEFAULT_POLICY, ...overrideOf(stored ?? {}) }
}

/** Reads what a group's row states. Throws when it is no policy: only the service writes it. */
export function overrideOf(stored: unknown): MfaPolicyOverride {
  const stated = Object.entries(storedOverride.parse(anything.parse(stored))).filter(([, value]) => value !== undefined)
  return Object.fromEntries(stated)
}

/** Reads what a group's row states, as it was set. */
export function rulesOf(stored: unknown): Omit<MfaPolicyOverride, 'requiredSinceMs'> {
  return Object.fromEntries(Object.entries(overrideOf(stored)).filter(([rule]) => rule !== 'requiredSinceMs'))
}

/** Makes a tenant's policy of rules that take the place of others. */
export function successorOf(before: MfaPolicy, wanted: PolicyRules, nowMs: number): MfaPolicy {
  return { ...wanted, requiredSinceMs: requiredSinceMs(before, wanted, nowMs) }
}

/** Makes what a group states of rules that take the place of others. */
export function overrideAfter(before: MfaPolicyOverride, wanted: PolicyOverride, nowMs: number): MfaPolicyOverride {
  const stated = overrideOf(wanted)
  return stated.mfa === undefined ? stated : { ...stated, requiredSinceMs: requiredSinceMs(before, stated, nowMs) }
}

/** Tells since when a second factor is required: the time to enrol one runs from there. */
function requiredSinceMs(before: MfaPolicyOverride, after: MfaPolicyOverride, nowMs: number): number {
  const isNew = after.mfa === 'required' && before.mfa !== 'required'
  return isNew ? nowMs : (before.requiredSinceMs ?? 0)
}
