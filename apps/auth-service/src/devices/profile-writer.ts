import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, User } from '@sallyport/database'
import type { Secret } from '@sallyport/foundation'
import type { MfaPolicy } from '@sallyport/mfa-policy'
import {
  createClientKey,
  encodeMetadata,
  nodeCryptoSuite,
  serialiseClientKeyFile,
  serialiseStaticKeyFile,
} from '@sallyport/openvpn-wire'

import { StaticKeys } from '../handshake-keys/static-keys.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { PolicyService } from '../policy/policy.service.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'
import { vpnServerName } from '../tenants/vpn-server-name.ts'
import type { ProfileFlavour } from './devices.schemas.ts'
import { type ProfileControlKey, writeProfile } from './profile.ts'

/** The device that a profile is for. */
export interface ProfiledDevice {
  readonly id: string
  readonly certificate: string
  readonly tenant: Tenant
  readonly user: User
}

/** What else a profile may contain. */
export interface ProfileExtras {
  /** The private key, when it was made by the service. */
  readonly privateKeyPem?: Secret<string> | undefined
  /** The name that the client signs in with, for clients that were told another one. */
  readonly username?: string
}

/** Writes devices' profiles, each time with a fresh tls-crypt-v2 key. */
@Injectable()
export class ProfileWriter {
  readonly #authority: TenantAuthority
  readonly #secrets: ClusterSecrets
  readonly #staticKeys: StaticKeys
  readonly #policies: PolicyService
  readonly #settings: Settings

  constructor(
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(StaticKeys) staticKeys: StaticKeys,
    @Inject(PolicyService) policies: PolicyService,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#authority = authority
    this.#secrets = secrets
    this.#staticKeys = staticKeys
    this.#policies = policies
    this.#settings = settings
  }

  /** Throws the 409 when the flavour is for old clients and the tenant does not let them in. */
  async write(device: ProfiledDevice, flavour: ProfileFlavour, extras: ProfileExtras = {}): Promise<string> {
    const { tenant, user } = device
    const controlKey = await this.#controlKey(tenant.id, device.id, flavour)
    const [{ profileCaPem }, { policy }] = await Promise.all([
      this.#authority.of(tenant),
      this.#policies.effectiveFor(tenant.id, user.id),
    ])
    return writeProfile({
      remotes: this.#settings.VPN_REMOTES,
      serverName: vpnServerName(tenant.slug),
      friendlyName: tenant.name,
      // A client that asks for a code beside the password would never get to the browser.
      asksForCode: wantsCode(policy, user) && !(tenant.webSignIn && controlKey.mode === 'tls-crypt-v2'),
      caPem: profileCaPem,
      certificatePem: device.certificate,
      controlKey,
      ...(extras.privateKeyPem === undefined ? {} : { privateKeyPem: extras.privateKeyPem.reveal() }),
      ...(extras.username === undefined ? {} : { username: extras.username }),
    })
  }

  async #controlKey(tenantId: string, deviceId: string, flavour: ProfileFlavour): Promise<ProfileControlKey> {
    if (flavour === 'modern') {
      const serverKey = this.#secrets.key('tls-crypt-v2-server-key').reveal()
      const metadata = encodeMetadata({ tenantId, deviceId })
      const text = serialiseClientKeyFile(createClientKey(nodeCryptoSuite, serverKey, metadata))
      return { mode: 'tls-crypt-v2', text }
    }
    const found = await this.#staticKeys.of(tenantId)
    if (found !== undefined) return { mode: found.mode, text: serialiseStaticKeyFile(found.key) }
    throw new ApiProblem(409, 'legacy-clients-off', 'Your organisation does not let old clients in.')
  }
}

/** Whether each connection wants a code that the client can ask for; when only some do, the server asks in its turn. */
function wantsCode(policy: MfaPolicy, user: User): boolean {
  return (
    policy.mfa !== 'off' &&
    policy.methods.includes('totp') &&
    policy.askAgain.every === 'connection' &&
    user.totpConfirmedAt !== null
  )
}
