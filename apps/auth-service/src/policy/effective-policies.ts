import { effectivePolicy, type MfaPolicy } from '@sallyport/mfa-policy'

import { overrideOf, policyOf } from './stored-policy.ts'

const MOST_KEPT = 1000

/** What holds for the members of groups, by the text of the stored policies: each combination is read once. */
export class EffectivePolicies {
  readonly #known = new Map<string, MfaPolicy>()

  /** Groups are given with their ids, the one that decides first at the beginning; `null` is a tenant without a policy. */
  of(stored: string | null, groups: readonly (readonly [id: string, policy: string])[]): MfaPolicy {
    const key = JSON.stringify([stored, groups])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const overrides = groups.map(([group, policy]) => ({ group, policy: overrideOf(JSON.parse(policy)) }))
    const { policy } = effectivePolicy(policyOf(stored === null ? undefined : JSON.parse(stored)), overrides)
    if (this.#known.size >= MOST_KEPT) this.#known.clear()
    this.#known.set(key, policy)
    return policy
  }
}
