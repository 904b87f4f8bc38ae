import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, TenantSession, User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { decide, type Decision, type FactorMethod, type MfaPolicy } from '@sallyport/mfa-policy'

import { Factors } from '../factors/factors.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { CLOCK } from '../runtime/tokens.ts'

/** A user as the portal judges them. */
export type PortalUser = Pick<
  User,
  'tenantId' | 'id' | 'disabledAt' | 'oneTimePassword' | 'factorGraceFrom' | 'totpConfirmedAt'
>

/** What the policy says about somebody at the portal, and why. */
export interface PortalLook {
  readonly decision: Decision
  readonly policy: MfaPolicy
  readonly enrolled: readonly FactorMethod[]
}

/** Asks the policy about people at the portal: when they sign in, and at every request after that. */
@Injectable()
export class PortalPolicy {
  readonly #policies: PolicyService
  readonly #factors: Factors
  readonly #clock: Clock

  constructor(
    @Inject(PolicyService) policies: PolicyService,
    @Inject(Factors) factors: Factors,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#policies = policies
    this.#factors = factors
    this.#clock = clock
  }

  /** Decides about a user whose password was right and who has proven `factor`, now or when the session began. */
  async look(
    session: TenantSession,
    user: PortalUser,
    tenant: Pick<Tenant, 'suspendedAt'>,
    { address, factor }: { readonly address: string; readonly factor: FactorMethod | null },
  ): Promise<PortalLook> {
    const { policy } = await this.#policies.inSession(session, user.tenantId, user.id)
    const { methods: enrolled } = await this.#factors.enrolledOf(session, user)
    const decision = decide(policy, {
      where: 'portal',
      nowMs: this.#clock.now(),
      // No rule about countries holds for the portal: it asks at each sign-in.
      geoip: false,
      source: { address, country: null },
      account: {
        tenantSuspended: tenant.suspendedAt !== null,
        disabled: user.disabledAt !== null,
        mustChangePassword: user.oneTimePassword,
        factorGraceFromMs: user.factorGraceFrom.getTime(),
        enrolled,
      },
      // A proof of a factor that has been removed with all others says nothing about the next one.
      credential: { kind: 'password', factor: enrolled.length === 0 ? null : factor },
    })
    return { decision, policy, enrolled }
  }
}

/** Whether somebody must enrol a second factor, at once or by when. */
export function enrolmentOf({ decision }: PortalLook): { mustEnrol: boolean; enrolBefore: string | null } {
  if (decision.decision !== 'allow') return { mustEnrol: false, enrolBefore: null }
  const graceEndMs = decision.factor === 'in-grace' ? decision.askAgainAtMs : null
  return {
    mustEnrol: decision.duties.includes('factor-enrolment'),
    enrolBefore: graceEndMs === null ? null : new Date(graceEndMs).toISOString(),
  }
}
