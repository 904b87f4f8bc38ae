import { answerOf, type operations } from '@sallyport/api-client'
import { queryOptions } from '@tanstack/react-query'

import { api } from '../../api/api.ts'

/** All rules of a tenant, as they are set. */
export type Rules = operations['policySet']['requestBody']['content']['application/json']['policy']
/** What a group says differently. */
export type Override = operations['policySetOfGroup']['requestBody']['content']['application/json']['policy']
/** The name of one rule. */
export type RuleName = keyof Rules
/** The rules of a tenant, with their version. */
export type StoredPolicy = operations['policyGet']['responses'][200]['content']['application/json']
/** The rules as they are shown: with the beginning of a requirement, which the service notes. */
type ShownRules = StoredPolicy['policy']

/** The rules in the order in which people think of them. */
export const SECTIONS = [
  { name: 'secondFactor', rules: ['mfa', 'methods', 'enrolmentGraceSeconds'] },
  { name: 'askingAgain', rules: ['askAgain', 'askOnNewDevice'] },
  { name: 'whereFrom', rules: ['askOnAddressChange', 'askOnCountryChange'] },
  { name: 'sessions', rules: ['sessionSeconds', 'sessionsEndAt', 'idleSeconds', 'tokenSeconds', 'timeZone'] },
  { name: 'devices', rules: ['deviceLimit', 'connectionLimit', 'deviceCertificateDays', 'deviceRenewalDays'] },
] as const satisfies readonly { readonly name: string; readonly rules: readonly RuleName[] }[]

/** Every rule, in the same order. */
export const RULE_NAMES: readonly RuleName[] = SECTIONS.flatMap(({ rules }): readonly RuleName[] => rules)

/** Asks for the tenant's rules. */
export const policyQuery = queryOptions({
  queryKey: ['policy', 'tenant'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/v1/policy', { signal })),
})

/** Leaves out what only the service sets. */
export function rulesOf(shown: ShownRules): Rules {
  const rules: Rules & { requiredSince?: unknown } = { ...shown }
  delete rules.requiredSince
  return rules
}

/** Lists the rules in which two differ; one that is stated by one of them only counts. */
export function differingRules(one: Override, other: Override): RuleName[] {
  return RULE_NAMES.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]))
}
