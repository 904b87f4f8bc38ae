import { answerOf } from '@sallyport/api-client'

import { api } from '../../api/api.ts'
import { type Override, RULE_NAMES, type RuleName, type Rules, rulesOf, type StoredPolicy } from './rules.ts'

/** A group as far as its rules go. */
interface GroupRules {
  readonly groupId: string
  readonly name: string
  readonly policy: Override
}

/** Whose rules are edited: the tenant's, or what a group says differently. */
export type PolicyScope =
  | { readonly kind: 'tenant'; readonly stored: StoredPolicy }
  | { readonly kind: 'group'; readonly stored: StoredPolicy; readonly group: GroupRules }

/** What is stored of a scope's own. */
export function storedRules(scope: PolicyScope): Override {
  return scope.kind === 'tenant' ? rulesOf(scope.stored.policy) : scope.group.policy
}

/** All rules of a form: a group's where it states them, else the tenant's. */
export function rulesToShow(scope: PolicyScope): Rules {
  const tenant = rulesOf(scope.stored.policy)
  return scope.kind === 'tenant' ? tenant : { ...tenant, ...scope.group.policy }
}

/** The rules that a scope states. */
export function statedIn(scope: PolicyScope): ReadonlySet<RuleName> {
  const stored = storedRules(scope)
  return new Set(RULE_NAMES.filter((name) => stored[name] !== undefined))
}

/** The part of a dry run that supposes rules in the place of the stored ones. */
export function supposed(
  scope: PolicyScope,
  rules: Rules,
  own: Override,
): { policy: Rules } | { groupPolicies: { groupId: string; policy: Override }[] } {
  return scope.kind === 'tenant'
    ? { policy: rules }
    : { groupPolicies: [{ groupId: scope.group.groupId, policy: own }] }
}

/** Sets the tenant's rules, unless somebody else did since `version`; gives the new version. */
export async function saveTenantRules(policy: Rules, version: number): Promise<number> {
  const saved = await answerOf(api.PUT('/api/v1/policy', { body: { policy, version } }))
  return saved.version
}

/** Sets what a group says differently. */
export async function saveGroupRules(groupId: string, policy: Override): Promise<void> {
  await answerOf(api.PUT('/api/v1/groups/{id}/policy', { params: { path: { id: groupId } }, body: { policy } }))
}
