import { uuid } from '@sallyport/contracts'
import { parseAddress } from '@sallyport/ip-network'
import {
  DEFAULT_POLICY,
  FACTOR_METHODS,
  MFA_MODES,
  type MfaPolicyOverride,
  type NumberField,
  POLICY_LIMITS,
  type PolicyProblem,
  policyProblems,
} from '@sallyport/mfa-policy'
import { z } from 'zod'

const within = (field: NumberField): z.ZodInt => z.int().min(POLICY_LIMITS[field].min).max(POLICY_LIMITS[field].max)
const NUMBERS: readonly NumberField[] = [
  'enrolmentGraceSeconds',
  'sessionSeconds',
  'idleSeconds',
  'tokenSeconds',
  'deviceLimit',
  'connectionLimit',
  'deviceCertificateDays',
  'deviceRenewalDays',
]
const localTime = z.string().describe('HH:MM of the policy’s time zone')

const askAgain = z
  .discriminatedUnion('every', [
    z.strictObject({ every: z.literal('connection') }),
    z.strictObject({
      every: z.literal('hours'),
      hours: z.int().min(POLICY_LIMITS.askAgainHours.min).max(POLICY_LIMITS.askAgainHours.max),
    }),
    z.strictObject({ every: z.literal('day'), untilLocalTime: localTime }),
  ])
  .describe('for how long a proof of the second factor is good on the device that gave it')

const rules = z.strictObject({
  mfa: z.enum(MFA_MODES).describe('of whom a second factor is asked: everybody, who has enrolled one, nobody'),
  methods: z.array(z.enum(FACTOR_METHODS)).describe('what counts as a second factor'),
  enrolmentGraceSeconds: within('enrolmentGraceSeconds').describe(
    'how long a user comes in without the required factor',
  ),
  askAgain,
  askOnNewDevice: z.boolean(),
  askOnAddressChange: z.boolean(),
  askOnCountryChange: z.boolean().describe('has no effect without a GeoIP file'),
  timeZone: z.string().max(64).describe('a name of the IANA database, for example Europe/Berlin'),
  sessionSeconds: within('sessionSeconds').describe('how long a login lasts at most'),
  sessionsEndAt: localTime.nullable().describe('HH:MM at which all logins end'),
  idleSeconds: within('idleSeconds').nullable().describe('a login that was not renewed for so long is over'),
  tokenSeconds: within('tokenSeconds').describe('how long a session token is good'),
  deviceLimit: within('deviceLimit').nullable().describe('devices of one user'),
  connectionLimit: within('connectionLimit').nullable().describe('connections of one user at once'),
  deviceCertificateDays: within('deviceCertificateDays'),
  deviceRenewalDays: within('deviceRenewalDays').describe('from how many days before its end a certificate is renewed'),
})

/** A tenant's policy as it is set: all rules. */
export const policyRules = rules.superRefine(refuseProblems)
/** What a group sets: some of them. */
export const policyOverride = rules.partial().superRefine(refuseProblems)
/**
 * As it is stored: with the beginning of a requirement, which is the service's to note, and by the types alone. Limits may
 * have been others when it was set.
 */
export const storedOverride = rules
  .extend({
    requiredSinceMs: z.number(),
    ...Object.fromEntries(NUMBERS.map((field) => [field, z.number().nullable()])),
  })
  .partial()

export type PolicyRules = z.infer<typeof policyRules>
export type PolicyOverride = z.infer<typeof policyOverride>

const WORDS: Readonly<Record<PolicyProblem['problem'], string>> = {
  'unknown-value': 'is none of the values that there are',
  empty: 'must not be empty',
  repeated: 'must not name anything twice',
  'not-whole': 'must be a whole number',
  'out-of-range': 'is out of range',
  'bad-local-time': 'must be a time like 04:00',
  'unknown-time-zone': 'is no time zone; give a name like Europe/Berlin',
  exceeds: 'is more than the rule that it belongs to allows',
  'without-mfa': 'needs the rule mfa',
}

function refuseProblems(given: object, context: z.RefinementCtx): void {
  const override: MfaPolicyOverride = given
  const named = new Set(context.issues.map(({ path }) => (path ?? []).join('.')))
  for (const { field, problem, min, max } of policyProblems(override)) {
    if (named.has(field)) continue
    const limits = [
      min === undefined ? '' : `at least ${String(min)}`,
      max === undefined ? '' : `at most ${String(max)}`,
    ]
    const hint = limits.filter((limit) => limit !== '').join(', ')
    const message = hint === '' ? WORDS[problem] : `${WORDS[problem]} (${hint})`
    context.addIssue({ code: 'custom', path: field.split('.'), message })
  }
}

const shownRules = rules.extend({
  requiredSince: z.iso
    .datetime()
    .nullable()
    .describe('since when a second factor is required; grace begins no earlier'),
})

export const policyView = z.strictObject({
  policy: shownRules,
  version: z.int().describe('give it back with a change; 0: the defaults hold'),
  updatedAt: z.iso.datetime().nullable(),
})
export type PolicyView = z.infer<typeof policyView>

export const setPolicyRequest = z.strictObject({
  policy: policyRules,
  version: z.int().min(0).describe('of the policy that was read; another one in the meantime is not overwritten'),
})
export type SetPolicyRequest = z.infer<typeof setPolicyRequest>

export const setGroupPolicyRequest = z.strictObject({ policy: policyOverride })
export type SetGroupPolicyRequest = z.infer<typeof setGroupPolicyRequest>

export const groupPolicyView = z.strictObject({ groupId: uuid, policy: rules.partial() })
export type GroupPolicyView = z.infer<typeof groupPolicyView>

export const effectivePolicyQuery = z.strictObject({ userId: uuid })
export type EffectivePolicyQuery = z.infer<typeof effectivePolicyQuery>

const source = z.union([z.literal('tenant'), z.strictObject({ groupId: uuid, name: z.string() })])
export const effectivePolicyView = z.strictObject({
  userId: uuid,
  policy: shownRules,
  sources: z.record(z.string(), source).describe('who decided each rule'),
})
export type EffectivePolicyView = z.infer<typeof effectivePolicyView>

const address = z
  .string()
  .max(45)
  .refine((text) => parseAddress(text) !== undefined, 'must be an IP address')
const country = z.string().length(2).nullable().optional()
const proof = z.strictObject({
  at: z.iso.datetime(),
  method: z.enum(FACTOR_METHODS),
  address,
  country: country.describe('by default the one of the address'),
})

/** A supposed attempt; what is left out is as it is in truth now. */
export const supposedAttempt = z.strictObject({
  where: z.enum(['vpn', 'portal']).default('vpn'),
  at: z.iso.datetime().optional().describe('when; now if left out'),
  address: address.default('192.0.2.1'),
  country: country.describe('null: not known; by default the one of the address'),
  credential: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('password'), factor: z.enum(FACTOR_METHODS).nullable().default(null) }),
      z.strictObject({ kind: z.literal('token'), loginStartedAt: z.iso.datetime(), issuedAt: z.iso.datetime() }),
    ])
    .default({ kind: 'password', factor: null }),
  deviceId: uuid.optional().describe('a device of the user, with the proof that it gave; without it a new one'),
  lastProof: proof.nullable().optional().describe('instead of the proof that the device gave'),
  enrolled: z.array(z.enum(FACTOR_METHODS)).optional().describe('instead of what the user has enrolled'),
  webSignIn: z.boolean().default(false).describe('whether the client can open a browser, as far as the tenant lets it'),
})

export const dryRunRequest = z.strictObject({
  userId: uuid,
  policy: policyRules.optional().describe('instead of the tenant’s policy'),
  groupPolicies: z
    .array(z.strictObject({ groupId: uuid, policy: policyOverride }))
    .max(200)
    .default([])
    .describe('instead of what these groups say'),
  attempt: supposedAttempt.prefault({}),
})
export type DryRunRequest = z.infer<typeof dryRunRequest>

export const checkView = z.strictObject({
  check: z.string(),
  outcome: z.enum(['passed', 'failed', 'asked', 'skipped']),
  detail: z.union([z.string(), z.number()]).optional(),
})

export const dryRunView = z.strictObject({
  decision: z.enum(['allow', 'challenge', 'deny']),
  reason: z.string().nullable().describe('why it is asked or denied'),
  methods: z.array(z.enum(FACTOR_METHODS)).describe('what would be asked for'),
  sessionEndsAt: z.iso.datetime().nullable(),
  askAgainAt: z.iso.datetime().nullable(),
  checks: z.array(checkView),
  policy: shownRules,
  sources: z.record(z.string(), source),
})
export type DryRunView = z.infer<typeof dryRunView>

/** The rules of a tenant that set none. */
export const DEFAULT_RULES: PolicyRules = rules.parse(
  Object.fromEntries(Object.entries(DEFAULT_POLICY).filter(([field]) => field !== 'requiredSinceMs')),
)
