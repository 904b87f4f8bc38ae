import { Inject, Injectable } from '@nestjs/common'
import { type AuthoriseRequest, DENY_CODES, type DenyCode } from '@sallyport/contracts'
import type { User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import {
  checkSessionToken,
  issueSessionToken,
  type SessionBinding,
  verifyPassword,
  verifyPasswordOfNobody,
  type VpnSession,
} from '@sallyport/identity'

import type { DeviceWithOwners } from '../devices/devices.repository.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { accountState, type Attempt, AttemptLimit } from '../sign-in/attempt-limit.ts'
import { SecondFactor } from '../sign-in/second-factor.ts'

export type CredentialResult =
  /** Refused; not `isNews` when it is one more of many refusals that are the same. */
  | { readonly code: DenyCode; readonly isNews: boolean }
  /** Accepted; `previous` is the login that goes on, when a session token was shown. */
  | { readonly previous: VpnSession | undefined }

type Password = Extract<AuthoriseRequest['credential'], { kind: 'password' }>

/** Refusals that say nothing about a guess: the password was right, or is not looked at. */
const NO_GUESS: ReadonlySet<DenyCode> = new Set([
  'otp-required',
  'otp-not-enrolled',
  'otp-reused',
  'user-disabled',
  'password-change-required',
  'token-expired',
])

/** Checks what a VPN client showed beside its certificate, and issues the token for the next time. */
@Injectable()
export class CredentialCheck {
  readonly #attempts: AttemptLimit
  readonly #secondFactor: SecondFactor
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock

  constructor(
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#attempts = attempts
    this.#secondFactor = secondFactor
    this.#secrets = secrets
    this.#clock = clock
  }

  async check(device: DeviceWithOwners, request: AuthoriseRequest): Promise<CredentialResult> {
    const { credential, username, remote } = request
    const { tenantId, user } = device
    const namesUser = username.trim().toLowerCase() === user.username
    const common = { tenantId, source: remote.address, state: accountState(user) }
    if (credential.kind === 'session-token') {
      const checked = this.#checkToken(device, credential.token, namesUser)
      if (typeof checked === 'object') return { previous: checked }
      // A right token needs no counting: it is not waited for, whatever else was tried, and not while Redis is away.
      const [account, shown] = [`${device.id}@${remote.address}`, [username, credential.token]]
      const attempt = { ...common, realm: 'vpn-token' as const, account, credential: shown }
      return this.#limited(attempt, () => Promise.resolve(checked))
    }
    const shown = [username, credential.password, credential.response]
    const attempt = { ...common, realm: 'vpn' as const, account: user.id, credential: shown }
    return this.#limited(attempt, () => this.#checkPassword(user, credential, namesUser))
  }

  /** Makes a check within the limits of attempts. */
  async #limited(attempt: Attempt, check: () => Promise<DenyCode | undefined>): Promise<CredentialResult> {
    const begun = await this.#attempts.begin(attempt)
    if ('waitSeconds' in begun) return { code: 'too-many-attempts', isNews: begun.isFirst }
    if ('staleCode' in begun) return { code: denyCodeOf(begun.staleCode), isNews: false }
    const code = await check().catch(async (error: unknown) => {
      await begun.abandoned()
      throw error
    })
    if (code === undefined) await begun.succeeded()
    else await begun.refused(code, NO_GUESS.has(code) ? 'no guess' : 'a guess')
    return code === undefined ? { previous: undefined } : { code, isNews: true }
  }

  /** Issues a token bound to user, device, certificate and generation; a renewed one does not lengthen the login. */
  issueToken(device: DeviceWithOwners, previous: VpnSession | undefined): { token: string; initialMs: number } {
    return issueSessionToken({
      key: this.#secrets.key('session-token-key'),
      binding: bindingOf(device),
      nowMs: this.#clock.now(),
      ...(previous === undefined ? {} : { previous }),
    })
  }

  #checkToken(device: DeviceWithOwners, token: string, namesUser: boolean): VpnSession | DenyCode {
    const checked = checkSessionToken({
      keys: [this.#secrets.key('session-token-key')],
      token,
      binding: bindingOf(device),
      nowMs: this.#clock.now(),
      lifetimeSeconds: device.tenant.sessionTokenSeconds,
    })
    if (checked.result === 'expired') return 'token-expired'
    if (checked.result === 'invalid' || !namesUser) return 'token-invalid'
    return userProblem(device.user) ?? checked
  }

  /** Another user's name costs as much as a wrong password and looks the same. */
  async #checkPassword(user: User, credential: Password, namesUser: boolean): Promise<DenyCode | undefined> {
    const right = namesUser
      ? await verifyPassword(user.passwordHash, credential.password)
      : await verifyPasswordOfNobody(credential.password)
    if (!right) return 'wrong-password'
    const problem = userProblem(user)
    if (problem !== undefined || !user.totpRequired) return problem
    if (user.totpConfirmedAt === null) return 'otp-not-enrolled'
    if (credential.response === undefined || credential.response.trim() === '') return 'otp-required'
    const used = await this.#secondFactor.use(user, credential.response.trim())
    return ({ accepted: undefined, reused: 'otp-reused', wrong: 'wrong-otp' } as const)[used]
  }
}

/** Why this user may not connect, whatever they know. */
export function userProblem(user: User): DenyCode | undefined {
  if (user.disabledAt !== null) return 'user-disabled'
  return user.oneTimePassword ? 'password-change-required' : undefined
}

function bindingOf(device: DeviceWithOwners): SessionBinding {
  const { tenantId, userId, id: deviceId, certificateSha256, user } = device
  return { tenantId, userId, deviceId, certificateSha256, tokenGeneration: user.tokenGeneration }
}

function denyCodeOf(text: string): DenyCode {
  return DENY_CODES.find((code) => code === text) ?? 'wrong-password'
}
