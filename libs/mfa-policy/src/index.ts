export { decide } from './decide.ts'
export {
  decideDevice,
  DEVICE_DENY_REASONS,
  type DeviceDecision,
  type DeviceDenyReason,
  type DeviceWish,
  renewableFrom,
} from './decide-device.ts'
export {
  type Allow,
  ASK_REASONS,
  type AskReason,
  type Challenge,
  type Check,
  type CheckName,
  CHECKS,
  type Decision,
  type Deny,
  DENY_REASONS,
  type DenyReason,
  type FactorState,
  type PolicyDuty,
} from './decision.ts'
export { type EffectivePolicy, effectivePolicy, type GroupOverride, type PolicySource } from './effective-policy.ts'
export type {
  AccountFacts,
  DeviceFacts,
  Facts,
  LastFactor,
  PasswordFacts,
  PortalFacts,
  SourceFacts,
  TokenFacts,
  VpnFacts,
} from './facts.ts'
export { isLocalTime, isTimeZone, latestLocalTime, nextLocalTime } from './local-time.ts'
export { CLOCK_TOLERANCE_MS } from './login.ts'
export {
  ASK_AGAIN_RHYTHMS,
  type AskAgain,
  DEFAULT_POLICY,
  FACTOR_METHODS,
  type FactorMethod,
  MFA_MODES,
  type MfaMode,
  type MfaPolicy,
  type MfaPolicyOverride,
  type NumberField,
  POLICY_FIELDS,
  POLICY_LIMITS,
  type PolicyField,
} from './policy.ts'
export { type PolicyProblem, policyProblems, PROBLEM_CODES, type ProblemCode } from './policy-problems.ts'
export { enrolmentDeadline, usableMethods } from './second-factor.ts'
export { isAtLeastAsStrict } from './strictness.ts'
