import type { Check, CheckName, DenyReason } from './decision.ts'
import type { Facts } from './facts.ts'
import { CLOCK_TOLERANCE_MS, sessionEndOf } from './login.ts'
import type { MfaPolicy } from './policy.ts'

/** What must hold before anybody is asked for a second factor; `reason` is that of the denial when it fails. */
export interface Gate {
  readonly check: CheckName
  readonly reason: DenyReason
  readonly look: (facts: Facts, policy: MfaPolicy) => Finding
}

type Finding = Omit<Check, 'check'>

const SKIPPED: Finding = { outcome: 'skipped' }

/** The gates in the order in which an attempt passes them. */
export const GATES: readonly Gate[] = [
  { check: 'tenant', reason: 'tenant-suspended', look: ({ account }) => passedWhen(!account.tenantSuspended) },
  { check: 'account', reason: 'user-disabled', look: ({ account }) => passedWhen(!account.disabled) },
  { check: 'device', reason: 'device-revoked', look: deviceIsGood },
  { check: 'certificate', reason: 'certificate-expired', look: certificateIsGood },
  { check: 'password-change', reason: 'password-change-required', look: passwordIsOwn },
  { check: 'token-times', reason: 'token-invalid', look: tokenTimesCanBe },
  { check: 'session-length', reason: 'session-ended', look: sessionGoesOn },
  { check: 'token-age', reason: 'token-expired', look: tokenIsYoung },
  { check: 'idle', reason: 'token-expired', look: loginIsNotIdle },
  { check: 'connection-limit', reason: 'too-many-connections', look: connectionsAreFew },
]

// Comparisons are written so that a time that is not a number fails them.
function passedWhen(isGood: boolean): Finding {
  return { outcome: isGood ? 'passed' : 'failed' }
}

function deviceIsGood(facts: Facts): Finding {
  return facts.where === 'portal' ? SKIPPED : passedWhen(!facts.device.revoked)
}

function certificateIsGood(facts: Facts): Finding {
  return facts.where === 'portal' ? SKIPPED : passedWhen(!facts.device.certificateExpired)
}

/** The portal is where a password is changed. */
function passwordIsOwn({ account, where }: Facts): Finding {
  if (!account.mustChangePassword) return { outcome: 'passed' }
  return { outcome: where === 'portal' ? 'asked' : 'failed' }
}

function tokenTimesCanBe({ credential, nowMs }: Facts): Finding {
  if (credential.kind !== 'token') return SKIPPED
  const { issuedAtMs, loginStartedAtMs, lastRenewedAtMs } = credential
  return passedWhen(Math.max(issuedAtMs, loginStartedAtMs, lastRenewedAtMs) <= nowMs + CLOCK_TOLERANCE_MS)
}

function sessionGoesOn(facts: Facts, policy: MfaPolicy): Finding {
  const endMs = sessionEndOf(policy, facts)
  return { ...passedWhen(facts.nowMs < endMs), detail: endMs }
}

function tokenIsYoung({ credential, nowMs }: Facts, { tokenSeconds }: MfaPolicy): Finding {
  return credential.kind === 'token' ? younger(credential.issuedAtMs, nowMs, tokenSeconds) : SKIPPED
}

function loginIsNotIdle({ credential, nowMs }: Facts, { idleSeconds }: MfaPolicy): Finding {
  if (credential.kind !== 'token' || idleSeconds === null) return SKIPPED
  return younger(credential.lastRenewedAtMs, nowMs, idleSeconds)
}

/** A connection that goes on was counted when it began. */
function connectionsAreFew(facts: Facts, { connectionLimit }: MfaPolicy): Finding {
  if (facts.where === 'portal' || facts.phase === 'renegotiation' || connectionLimit === null) return SKIPPED
  return { ...passedWhen(facts.openConnections < connectionLimit), detail: facts.openConnections }
}

/** Passes what happened less than so many seconds ago, and tells its age. */
function younger(atMs: number, nowMs: number, seconds: number): Finding {
  const ageMs = Math.max(0, nowMs - atMs)
  return { ...passedWhen(ageMs < seconds * 1000), detail: Math.floor(ageMs / 1000) }
}
