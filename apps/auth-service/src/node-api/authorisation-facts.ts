import { Inject, Injectable } from '@nestjs/common'
import type { AuthoriseRequest } from '@sallyport/contracts'
import { type AskedDevice, type AuthorisationRows, Database } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { FactorMethod, MfaPolicy, PasswordFacts, TokenFacts, VpnFacts } from '@sallyport/mfa-policy'

import { countedConnections } from '../connections/counted-connections.ts'
import type { DeviceWithOwners } from '../devices/devices.repository.ts'
import { factorMethods } from '../factors/factors.ts'
import { Geoip } from '../geoip/geoip.ts'
import { EffectivePolicies } from '../policy/effective-policies.ts'
import { lastFactorOf } from '../policy/live-decision.ts'
import { TenantBatches } from '../runtime/tenant-batches.ts'
import { CLOCK } from '../runtime/tokens.ts'

/** What an attempt of a device is judged by, as it is stored at this moment. */
export interface StoredFacts {
  readonly device: DeviceWithOwners
  readonly policy: MfaPolicy
  readonly enrolled: readonly FactorMethod[]
  /** The user's other devices that are connected: one that was not heard of yet gives way to the next of its device. */
  readonly openConnections: number
  /** The login of the connection that renegotiates. */
  readonly login: ConnectionLogin | null
}

/** The login that a connection belongs to; `sessionId`, which its tokens have, is not known of old ones. */
export interface ConnectionLogin {
  readonly startedAtMs: number
  readonly sessionId: string | null
}

/** Finds what is to be known before a VPN connection is decided about. */
@Injectable()
export class AuthorisationFacts {
  readonly #database: Database
  readonly #rows: TenantBatches<AskedDevice, AuthorisationRows | undefined>
  readonly #policies = new EffectivePolicies()
  readonly #geoip: Geoip
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(Geoip) geoip: Geoip, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#rows = new TenantBatches((tenantId, asked) => database.tenantFunctions.authorisationFacts(tenantId, asked))
    this.#geoip = geoip
    this.#clock = clock
  }

  /** Loads what is stored; `undefined` when the tenant has no such device. */
  async load(tenantId: string, deviceId: string, connectionId?: string): Promise<StoredFacts | undefined> {
    const rows = await this.#rows.add(tenantId, { deviceId, connectionId: connectionId ?? null })
    if (rows === undefined) return undefined
    const { user, network, tenant, hasPasskey, hasRecoveryCode } = rows
    const device = { ...rows.device, user, network, tenant, authority: { state: rows.authorityState } }
    const policy = this.#policies.of(rows.policy, rows.groupPolicies)
    const isLimited = policy.connectionLimit !== null && connectionId === undefined
    return {
      device,
      policy,
      enrolled: factorMethods({ hasTotp: user.totpConfirmedAt !== null, hasPasskey, hasRecoveryCode }),
      openConnections: isLimited ? await this.#openConnections(device) : 0,
      login: loginOf(rows),
    }
  }

  async #openConnections({ tenantId, userId, id }: DeviceWithOwners): Promise<number> {
    const where = { tenantId, userId, deviceId: { not: id }, ...countedConnections(this.#clock.now()) }
    const devices = await this.#database.withTenant(tenantId, (session) =>
      session.connection.groupBy({ by: ['deviceId'], where }),
    )
    return devices.length
  }

  /** Puts together what the policy decides by, for an attempt whose credential was verified. */
  of(stored: StoredFacts, request: AuthoriseRequest, credential: PasswordFacts | TokenFacts): VpnFacts {
    const { device, enrolled, openConnections, login } = stored
    const { user, tenant } = device
    const { address } = request.remote
    const isProven = credential.kind === 'password' && credential.factor !== null
    const nowMs = this.#clock.now()
    return {
      where: 'vpn',
      phase: request.phase,
      nowMs,
      geoip: this.#geoip.isConfigured,
      connectionStartedAtMs: login?.startedAtMs ?? null,
      // Who has proven a factor had the means to, whatever their client says now.
      webSignIn: isProven || (tenant.webSignIn && request.dialogues.includes('web')),
      openConnections,
      account: {
        tenantSuspended: tenant.suspendedAt !== null,
        disabled: user.disabledAt !== null,
        mustChangePassword: user.oneTimePassword,
        factorGraceFromMs: user.factorGraceFrom.getTime(),
        enrolled,
      },
      source: { address, country: this.#geoip.countryOf(address) },
      device: {
        revoked: device.revokedAt !== null,
        certificateExpired: device.certificateNotAfter.getTime() <= nowMs,
        isNew: device.lastConnectedAt === null,
        lastFactor: lastFactorOf(device),
      },
      credential,
    }
  }
}

/** Of a connection that is older than what is noted of logins, the login is taken to have begun with it. */
function loginOf({ connectionStartedAt, loginStartedAt, loginId }: AuthorisationRows): ConnectionLogin | null {
  const startedAt = loginStartedAt ?? connectionStartedAt
  return startedAt === null ? null : { startedAtMs: startedAt.getTime(), sessionId: loginId }
}
