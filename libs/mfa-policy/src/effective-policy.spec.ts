import { expect, it } from 'vitest'

import { effectivePolicy } from './effective-policy.ts'
import { DEFAULT_POLICY, POLICY_FIELDS } from './policy.ts'

it('is the tenant’s policy for a user whose groups say nothing', () => {
  const { policy, sources } = effectivePolicy(DEFAULT_POLICY, [{ group: 'staff', policy: {} }])
  expect(policy).toEqual(DEFAULT_POLICY)
  expect(new Set(Object.values(sources))).toEqual(new Set(['tenant']))
})

it('names a source for every rule, and no other', () => {
  expect(Object.keys(effectivePolicy(DEFAULT_POLICY, []).sources)).toEqual(POLICY_FIELDS)
  expect(Object.keys(DEFAULT_POLICY).toSorted()).toEqual([...POLICY_FIELDS].toSorted())
})

it('takes each rule from the first group that states it', () => {
  const { policy, sources } = effectivePolicy(DEFAULT_POLICY, [
    { group: 'contractors', policy: { sessionSeconds: 3600, idleSeconds: null } },
    { group: 'staff', policy: { sessionSeconds: 7200, idleSeconds: 900, askOnNewDevice: true } },
  ])
  expect(policy).toEqual({ ...DEFAULT_POLICY, sessionSeconds: 3600, idleSeconds: null, askOnNewDevice: true })
  expect(sources).toMatchObject({
    sessionSeconds: { group: 'contractors' },
    idleSeconds: { group: 'contractors' },
    askOnNewDevice: { group: 'staff' },
    tokenSeconds: 'tenant',
  })
})

it('lets a group state that there is no limit, and that a rule is off', () => {
  const tenant = { ...DEFAULT_POLICY, deviceLimit: 2, sessionsEndAt: '04:00', askOnNewDevice: true }
  const override = { deviceLimit: null, sessionsEndAt: null, askOnNewDevice: false, enrolmentGraceSeconds: 0 }
  expect(effectivePolicy(tenant, [{ group: 'staff', policy: override }]).policy).toMatchObject(override)
})

it('gives a group’s requirement its own beginning, never the tenant’s or another group’s', () => {
  const tenant = { ...DEFAULT_POLICY, requiredSinceMs: 5000 }
  const other = { group: 'staff', policy: { mfa: 'optional' as const, requiredSinceMs: 9000 } }
  const without = effectivePolicy(tenant, [{ group: 'admins', policy: { mfa: 'required' } }, other])
  expect(without.policy).toMatchObject({ mfa: 'required', requiredSinceMs: 0 })
  expect(without.sources).toMatchObject({ mfa: { group: 'admins' }, requiredSinceMs: { group: 'admins' } })
  const own = { group: 'admins', policy: { mfa: 'required' as const, requiredSinceMs: 7000 } }
  expect(effectivePolicy(tenant, [own, other]).policy.requiredSinceMs).toBe(7000)
})

it('ignores a beginning that comes without a requirement', () => {
  const tenant = { ...DEFAULT_POLICY, requiredSinceMs: 5000 }
  const { policy } = effectivePolicy(tenant, [{ group: 'staff', policy: { requiredSinceMs: 9e12 } }])
  expect(policy.requiredSinceMs).toBe(5000)
})

it('leaves what it was given as it was', () => {
  const overrides = [Object.freeze({ group: 'staff', policy: Object.freeze({ tokenSeconds: 600 }) })]
  expect(effectivePolicy(Object.freeze(DEFAULT_POLICY), overrides).policy.tokenSeconds).toBe(600)
  expect(DEFAULT_POLICY.tokenSeconds).toBe(43_200)
})
