import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decide } from './decide.ts'
import type { Facts, VpnFacts } from './facts.ts'
import { CLOCK_TOLERANCE_MS } from './login.ts'
import { DEFAULT_POLICY } from './policy.ts'
import { enrolmentDeadline } from './second-factor.ts'
import { anyFacts, anyVpnFacts } from './testing/generated-facts.ts'
import { anyPolicy } from './testing/generated-policies.ts'
import { NOON_MS, portalFacts, tokenFacts, vpnFacts } from './testing/sample-facts.ts'

const RUNS = { numRuns: 10_000 }
const HOUR_MS = 3_600_000
const PROOF = { atMs: NOON_MS - HOUR_MS, method: 'totp', address: '192.0.2.1', country: 'DE' } as const

/** A device that proved a code an hour ago. */
const provenDevice = { ...vpnFacts().device, lastFactor: PROOF }

describe('whatever the policy and the attempt', () => {
  it('lets nobody in beyond the longest session from now', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const decision = decide(policy, facts)
        if (decision.decision !== 'allow') return
        expect(decision.sessionEndsAtMs).toBeGreaterThan(facts.nowMs)
        expect(decision.sessionEndsAtMs).toBeLessThanOrEqual(facts.nowMs + policy.sessionSeconds * 1000)
        if (decision.askAgainAtMs !== null) expect(decision.askAgainAtMs).toBeGreaterThan(facts.nowMs)
      }),
      RUNS,
    )
  })

  it('lets nobody who has a factor in without one, unless none is asked for', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const decision = decide(policy, facts)
        if (policy.mfa === 'off' || facts.account.enrolled.length === 0 || decision.decision !== 'allow') return
        expect(['given', 'remembered']).toContain(decision.factor)
        if (decision.factor === 'remembered') expect(facts.where).toBe('vpn')
      }),
      RUNS,
    )
  })

  it('asks only for what the user has, the policy accepts and the client can be asked for', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const decision = decide(policy, facts)
        if (decision.decision !== 'challenge') return
        expect(decision.methods).not.toEqual([])
        expect(policy.methods).toEqual(expect.arrayContaining([...decision.methods]))
        expect(facts.account.enrolled).toEqual(
          expect.arrayContaining(decision.methods.filter((m) => m !== proven(facts))),
        )
        if (facts.where === 'vpn' && !facts.webSignIn) expect(decision.methods).toEqual(['totp'])
      }),
      RUNS,
    )
  })

  it('never answers a token or a renegotiation with a question', () => {
    fc.assert(
      fc.property(anyPolicy, anyVpnFacts, (policy, facts) => {
        fc.pre(facts.credential.kind === 'token' || facts.phase === 'renegotiation')
        expect(decide(policy, facts).decision).not.toBe('challenge')
      }),
      RUNS,
    )
  })

  it('gives as reason of a denial the one check that failed, and it is the last', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const { decision, checks } = decide(policy, facts)
        const failed = checks.filter(({ check, outcome }) => outcome === 'failed' && check !== 'factor')
        expect(failed).toEqual(decision === 'deny' ? [checks.at(-1)] : [])
        expect(new Set(checks.map(({ check }) => check)).size).toBe(checks.length)
      }),
      RUNS,
    )
  })

  it('puts neither addresses nor names of countries into the checks', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        expect(JSON.stringify(decide(policy, facts).checks)).not.toMatch(/192\.0|2001:|"DE"|"FR"/)
      }),
    )
  })

  it('fails closed when a time is not a number', () => {
    const policy = { ...DEFAULT_POLICY, askAgain: { every: 'hours' as const, hours: 8 } }
    const token = tokenFacts(NOON_MS, HOUR_MS, 600_000)
    const attempts: VpnFacts[] = [
      { ...vpnFacts(), nowMs: Number.NaN, credential: token, device: provenDevice },
      ...(['issuedAtMs', 'loginStartedAtMs', 'lastRenewedAtMs'] as const).map((field) => {
        return vpnFacts({ device: provenDevice, credential: { ...token, [field]: Number.NaN } })
      }),
      vpnFacts({ device: { ...provenDevice, lastFactor: { ...PROOF, atMs: Number.NaN } } }),
    ]
    expect(decide(policy, vpnFacts({ device: provenDevice, credential: token })).decision).toBe('allow')
    for (const facts of attempts) expect(decide(policy, facts).decision).not.toBe('allow')
  })
})

function proven({ credential }: Facts): string | null {
  return credential.kind === 'password' ? credential.factor : null
}

describe('a clock that is set', () => {
  const policy = { ...DEFAULT_POLICY, tokenSeconds: HOUR_MS / 1000, idleSeconds: HOUR_MS / 1000 }
  const stepped = (stepMs: number): VpnFacts => {
    return vpnFacts({
      nowMs: NOON_MS + stepMs,
      device: { ...provenDevice, lastFactor: { ...PROOF, atMs: NOON_MS } },
      credential: tokenFacts(NOON_MS, 0, 0),
    })
  }

  it.each([-CLOCK_TOLERANCE_MS, -1, 0, 1, CLOCK_TOLERANCE_MS])('by %d ms keeps a fresh login in', (stepMs) => {
    expect(decide(policy, stepped(stepMs))).toMatchObject({ decision: 'allow', factor: 'remembered' })
  })

  it('back by more than ten minutes makes its tokens invalid', () => {
    const decision = decide(policy, stepped(-CLOCK_TOLERANCE_MS - 1))
    expect(decision).toMatchObject({ decision: 'deny', reason: 'token-invalid' })
  })

  it('never keeps out a password with its code', () => {
    fc.assert(
      fc.property(fc.integer({ min: -HOUR_MS, max: HOUR_MS }), (stepMs) => {
        const facts = { ...stepped(stepMs), credential: { kind: 'password' as const, factor: 'totp' as const } }
        const sessionEndsAtMs = facts.nowMs + policy.sessionSeconds * 1000
        expect(decide(policy, facts)).toMatchObject({ decision: 'allow', sessionEndsAtMs })
      }),
    )
  })

  it('gives nothing for a proof from too far ahead', () => {
    const hours = { ...policy, askAgain: { every: 'hours' as const, hours: 8 } }
    const ahead = (ms: number): VpnFacts => {
      return vpnFacts({ device: { ...provenDevice, lastFactor: { ...PROOF, atMs: NOON_MS + ms } } })
    }
    expect(decide(hours, ahead(CLOCK_TOLERANCE_MS))).toMatchObject({ askAgainAtMs: NOON_MS + 8 * HOUR_MS })
    expect(decide(hours, ahead(CLOCK_TOLERANCE_MS + 1))).toMatchObject({ decision: 'challenge', reason: 'no-proof' })
  })
})

describe('a login', () => {
  const token = (loginAgeMs: number): VpnFacts => {
    return vpnFacts({
      credential: tokenFacts(NOON_MS, loginAgeMs, 0),
      device: { ...provenDevice, lastFactor: { ...PROOF, atMs: NOON_MS - loginAgeMs } },
    })
  }

  it('ends at the same time however often its token is renewed', () => {
    const ends = [1, 2, 5, 11].map((hours) => {
      const decision = decide(DEFAULT_POLICY, { ...token(hours * HOUR_MS) })
      return decision.decision === 'allow' ? decision.sessionEndsAtMs - NOON_MS + hours * HOUR_MS : 0
    })
    expect(ends).toEqual([12, 12, 12, 12].map((hours) => hours * HOUR_MS))
  })

  it('needs a proof of its own when every login does, but one that is some minutes older than itself', () => {
    const facts = token(2 * HOUR_MS)
    const provenBefore = (ms: number): VpnFacts => {
      const lastFactor = { ...PROOF, atMs: NOON_MS - 2 * HOUR_MS - ms }
      return { ...facts, device: { ...provenDevice, lastFactor } }
    }
    expect(decide(DEFAULT_POLICY, provenBefore(CLOCK_TOLERANCE_MS)).decision).toBe('allow')
    const late = decide(DEFAULT_POLICY, provenBefore(CLOCK_TOLERANCE_MS + 1))
    expect(late).toMatchObject({ decision: 'deny', reason: 'token-expired' })
    expect(late.checks).toContainEqual({ check: 'proof', outcome: 'asked', detail: 'every-connection' })
  })

  it('is not asked as a new device when its first renegotiation comes before its connection is on record', () => {
    const facts = token(HOUR_MS)
    const policy = { ...DEFAULT_POLICY, askOnNewDevice: true }
    expect(decide(policy, { ...facts, device: { ...facts.device, isNew: true } }).decision).toBe('allow')
  })
})

it('tells all the rules that ask, and the first as the reason', () => {
  const policy = {
    ...DEFAULT_POLICY,
    askAgain: { every: 'hours' as const, hours: 1 },
    askOnNewDevice: true,
    askOnAddressChange: true,
    askOnCountryChange: true,
  }
  const source = { address: '198.51.100.7', country: null }
  const decision = decide(policy, vpnFacts({ source, device: { ...provenDevice, isNew: true } }))
  expect(decision).toMatchObject({ decision: 'challenge', reason: 'proof-too-old' })
  expect(decision.checks.slice(-6)).toEqual([
    { check: 'factor', outcome: 'skipped', detail: 'none-given' },
    { check: 'proof', outcome: 'asked', detail: 'proof-too-old' },
    { check: 'new-device', outcome: 'asked' },
    { check: 'address', outcome: 'asked', detail: 'changed' },
    { check: 'country', outcome: 'asked', detail: 'unknown' },
    { check: 'question', outcome: 'asked' },
  ])
})

it('does not remember a browser', () => {
  const policy = { ...DEFAULT_POLICY, askAgain: { every: 'hours' as const, hours: 8 } }
  const given = decide(policy, { ...portalFacts(), credential: { kind: 'password', factor: 'totp' } })
  expect(given).toMatchObject({ decision: 'allow', factor: 'given', askAgainAtMs: null })
  expect(decide(policy, portalFacts())).toMatchObject({ decision: 'challenge', reason: 'portal-sign-in' })
})

describe('the deadline of enrolment', () => {
  const policy = { ...DEFAULT_POLICY, enrolmentGraceSeconds: 3600, requiredSinceMs: NOON_MS }

  it('is the end of grace, which begins with the account or the requirement, whichever is later', () => {
    expect(enrolmentDeadline(policy, { enrolled: [], factorGraceFromMs: 0 })).toBe(NOON_MS + HOUR_MS)
    expect(enrolmentDeadline(policy, { enrolled: [], factorGraceFromMs: NOON_MS + 5 })).toBe(NOON_MS + HOUR_MS + 5)
  })

  it('does not exist for who has a factor or needs none', () => {
    expect(enrolmentDeadline(policy, { enrolled: ['totp'], factorGraceFromMs: 0 })).toBeNull()
    expect(enrolmentDeadline({ ...policy, mfa: 'optional' }, { enrolled: [], factorGraceFromMs: 0 })).toBeNull()
  })

  it('is when a connection without a factor is denied, to the millisecond', () => {
    const account = { ...vpnFacts().account, enrolled: [] }
    const at = (nowMs: number): string => decide(policy, { ...vpnFacts(), nowMs, account }).decision
    expect([at(NOON_MS + HOUR_MS - 1), at(NOON_MS + HOUR_MS)]).toEqual(['allow', 'deny'])
  })
})
