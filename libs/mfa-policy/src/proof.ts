import type { AskReason, Check } from './decision.ts'
import type { LastFactor, VpnFacts } from './facts.ts'
import { nextLocalTime } from './local-time.ts'
import { CLOCK_TOLERANCE_MS, loginStartOf } from './login.ts'
import type { MfaPolicy } from './policy.ts'

/** What the proof on record for a device is worth: enough until `goodUntilMs` (`null`: while the login lasts), or not. */
export type ProofFinding =
  { readonly goodUntilMs: number | null } | { readonly reason: AskReason; readonly goodUntilMs?: undefined }

/** What one rule came to; `reason` when it asks. */
interface Rule {
  readonly found: Check
  readonly reason?: AskReason
}

/** Looks whether a device must prove the second factor again, by all rules, of which the first that asks is the reason. */
export function judgeProof(
  policy: MfaPolicy,
  facts: VpnFacts,
): { readonly finding: ProofFinding; readonly checks: readonly Check[] } {
  const proof = acceptedProof(policy, facts)
  const age = judgeAge(policy, facts, proof)
  const rules = [age.rule, newDevice(policy, facts), address(policy, facts, proof), country(policy, facts, proof)]
  const checks = rules.map(({ found }) => found)
  const reason = rules.find((rule) => rule.reason !== undefined)?.reason
  return { finding: reason === undefined ? { goodUntilMs: age.goodUntilMs } : { reason }, checks }
}

/** A proof by a method that the policy gave up, or from a time that cannot be, is none. */
function acceptedProof({ methods }: MfaPolicy, { device, nowMs }: VpnFacts): LastFactor | undefined {
  const proof = device.lastFactor
  if (proof === null || !methods.includes(proof.method)) return undefined
  return proof.atMs <= nowMs + CLOCK_TOLERANCE_MS ? { ...proof, atMs: Math.min(proof.atMs, nowMs) } : undefined
}

function judgeAge(
  policy: MfaPolicy,
  facts: VpnFacts,
  proof: LastFactor | undefined,
): { readonly rule: Rule; readonly goodUntilMs: number | null } {
  const asked = (reason: AskReason): { rule: Rule; goodUntilMs: null } => ({
    rule: { found: { check: 'proof', outcome: 'asked', detail: reason }, reason },
    goodUntilMs: null,
  })
  const everyLogin = policy.askAgain.every === 'connection'
  const loginStart = loginStartOf(facts)
  if (everyLogin && loginStart === undefined) return asked('every-connection')
  if (proof === undefined) return asked('no-proof')
  // The browser's clock is another instance's; a proof is given a little before the login that it is for.
  if (everyLogin && !(proof.atMs >= (loginStart ?? facts.nowMs) - CLOCK_TOLERANCE_MS)) return asked('every-connection')
  const goodUntilMs = proofEnd(policy, proof.atMs)
  if (goodUntilMs !== null && !(facts.nowMs < goodUntilMs)) return asked('proof-too-old')
  const ageSeconds = Math.floor((facts.nowMs - proof.atMs) / 1000)
  return { rule: { found: { check: 'proof', outcome: 'passed', detail: ageSeconds } }, goodUntilMs }
}

/** Until when a proof of that time is enough; `null`: while the login lasts for which it was given. */
export function proofEnd({ askAgain, timeZone }: MfaPolicy, provenAtMs: number): number | null {
  switch (askAgain.every) {
    case 'connection':
      return null
    case 'hours':
      return provenAtMs + askAgain.hours * 3_600_000
    case 'day':
      return nextLocalTime(provenAtMs, askAgain.untilLocalTime, timeZone)
  }
}

function newDevice({ askOnNewDevice }: MfaPolicy, facts: VpnFacts): Rule {
  if (!askOnNewDevice) return { found: { check: 'new-device', outcome: 'skipped' } }
  // With a login that goes on it has connected, whether or not that is on record already.
  if (!facts.device.isNew || loginStartOf(facts) !== undefined)
    return { found: { check: 'new-device', outcome: 'passed' } }
  return { found: { check: 'new-device', outcome: 'asked' }, reason: 'new-device' }
}

function address({ askOnAddressChange }: MfaPolicy, { source }: VpnFacts, proof: LastFactor | undefined): Rule {
  if (!askOnAddressChange) return { found: { check: 'address', outcome: 'skipped' } }
  // Without a proof its absence is the reason.
  if (proof === undefined) return { found: { check: 'address', outcome: 'skipped', detail: 'no-proof' } }
  if (proof.address === source.address) return { found: { check: 'address', outcome: 'passed' } }
  return { found: { check: 'address', outcome: 'asked', detail: 'changed' }, reason: 'address-changed' }
}

function country({ askOnCountryChange }: MfaPolicy, facts: VpnFacts, proof: LastFactor | undefined): Rule {
  if (!askOnCountryChange) return { found: { check: 'country', outcome: 'skipped' } }
  if (!facts.geoip) return { found: { check: 'country', outcome: 'skipped', detail: 'no-geoip' } }
  if (proof === undefined) return { found: { check: 'country', outcome: 'skipped', detail: 'no-proof' } }
  const isKnown = facts.source.country !== null && proof.country !== null
  if (isKnown && facts.source.country === proof.country) return { found: { check: 'country', outcome: 'passed' } }
  const detail = isKnown ? 'changed' : 'unknown'
  return { found: { check: 'country', outcome: 'asked', detail }, reason: 'country-changed' }
}
