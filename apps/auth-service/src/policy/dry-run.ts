import type { Device, Tenant, User } from '@sallyport/database'
import { formatAddress, parseAddress } from '@sallyport/ip-network'
import {
  CLOCK_TOLERANCE_MS,
  decide,
  type Decision,
  type FactorMethod,
  type Facts,
  type MfaPolicy,
} from '@sallyport/mfa-policy'

import { lastFactorOf } from './live-decision.ts'
import type { DryRunRequest } from './policy.schemas.ts'

/** What is so in truth, where the supposed attempt says nothing. */
export interface Present {
  readonly nowMs: number
  readonly geoip: boolean
  readonly countryOf: (address: string) => string | null
  readonly tenant: Tenant
  readonly user: User
  readonly enrolled: readonly FactorMethod[]
  /** `null`: a device that has never connected. */
  readonly device: Device | null
  readonly openConnections: number
}

/** Decides about a supposed attempt. */
export function supposedDecision(policy: MfaPolicy, attempt: DryRunRequest['attempt'], present: Present): Decision {
  return decide(policy, factsOf(attempt, present))
}

function factsOf(attempt: DryRunRequest['attempt'], present: Present): Facts {
  const { tenant, user, device } = present
  const nowMs = attempt.at === undefined ? present.nowMs : Date.parse(attempt.at)
  const common = {
    nowMs,
    geoip: present.geoip,
    account: {
      tenantSuspended: tenant.suspendedAt !== null,
      disabled: user.disabledAt !== null,
      mustChangePassword: user.oneTimePassword,
      factorGraceFromMs: user.factorGraceFrom.getTime(),
      enrolled: attempt.enrolled ?? present.enrolled,
    },
    source: { address: canonical(attempt.address), country: countryOf(attempt, present) },
  }
  const { credential } = attempt
  const factor = credential.kind === 'password' ? credential.factor : null
  if (attempt.where === 'portal') return { ...common, where: 'portal', credential: { kind: 'password', factor } }
  const proof = attempt.lastProof
  return {
    ...common,
    where: 'vpn',
    phase: 'initial',
    connectionStartedAtMs: null,
    // Who has proven a factor had the means to.
    webSignIn: factor !== null || (tenant.webSignIn && attempt.webSignIn),
    openConnections: present.openConnections,
    device: {
      revoked: device !== null && device.revokedAt !== null,
      certificateExpired: device !== null && device.certificateNotAfter.getTime() <= nowMs,
      isNew: device === null || device.lastConnectedAt === null,
      lastFactor:
        proof === undefined
          ? device && lastFactorOf(device)
          : proof && {
              atMs: Date.parse(proof.at),
              method: proof.method,
              address: canonical(proof.address),
              country: countryOf(proof, present),
            },
    },
    credential: credential.kind === 'password' ? { kind: 'password', factor } : tokenOf(credential, nowMs),
  }
}

/** Addresses are compared as texts. */
function canonical(text: string): string {
  const address = parseAddress(text)
  return address === undefined ? text : formatAddress(address)
}

/** What is said of a country holds, also that it is not known. */
function countryOf(
  said: { readonly address: string; readonly country?: string | null | undefined },
  present: Present,
): string | null {
  return said.country === undefined ? present.countryOf(said.address) : said.country
}

function tokenOf(
  { loginStartedAt, issuedAt }: { loginStartedAt: string; issuedAt: string },
  nowMs: number,
): Extract<Facts['credential'], { kind: 'token' }> {
  const issuedAtMs = Math.min(Date.parse(issuedAt), nowMs + CLOCK_TOLERANCE_MS)
  return { kind: 'token', issuedAtMs, loginStartedAtMs: Date.parse(loginStartedAt), lastRenewedAtMs: issuedAtMs }
}
