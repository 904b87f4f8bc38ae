import { Inject, Injectable } from '@nestjs/common'
import type { AuthoriseRequest, DenyCode } from '@sallyport/contracts'
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
import { AttemptLimit, type OpenAttempt } from '../sign-in/attempt-limit.ts'
import { SecondFactor } from '../sign-in/second-factor.ts'

/** A credential was accepted; `previous` is the login that goes on, when a session token was shown. */
export type CredentialResult = { readonly code: DenyCode } | { readonly previous: VpnSession | undefined }

type Password = Extract<AuthoriseRequest['credential'], { kind: 'password' }>

/** Refusals that say nothing about a guess: the password was right, or is not looked at. */
const NO_GUESS: ReadonlySet<DenyCode> = new Set([
  'otp-required',
  'otp-not-enrolled',
  'otp-reused',
  'user-disabled',
  'password-change-required',
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
    const { credential } = request
    const namesUser = request.username.trim().toLowerCase() === device.user.username
    if (credential.kind === 'session-token') return this.#checkToken(device, credential.token, namesUser)
    const attempt = await this.#attempts.begin({
      realm: 'vpn',
      tenantId: device.tenantId,
      account: device.userId,
      source: request.remote.address,
      credential: JSON.stringify([request.username, credential.password, credential.response]),
    })
    if ('waitSeconds' in attempt) return { code: 'too-many-attempts' }
    const code = await this.#checkPassword(device.user, credential, namesUser).catch(async (error: unknown) => {
      await attempt.takenBack()
      throw error
    })
    await settle(attempt, code)
    return code === undefined ? { previous: undefined } : { code }
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

  #checkToken(device: DeviceWithOwners, token: string, namesUser: boolean): CredentialResult {
    const checked = checkSessionToken({
      keys: [this.#secrets.key('session-token-key')],
      token,
      binding: bindingOf(device),
      nowMs: this.#clock.now(),
      lifetimeSeconds: device.tenant.sessionTokenSeconds,
    })
    if (checked.result === 'expired') return { code: 'token-expired' }
    if (checked.result === 'invalid' || !namesUser) return { code: 'token-invalid' }
    const code = stateProblem(device.user)
    return code === undefined ? { previous: checked } : { code }
  }

  /** Another user's name costs as much as a wrong password and looks the same. */
  async #checkPassword(user: User, credential: Password, namesUser: boolean): Promise<DenyCode | undefined> {
    const right = namesUser
      ? await verifyPassword(user.passwordHash, credential.password)
      : await verifyPasswordOfNobody(credential.password)
    if (!right) return 'wrong-password'
    const problem = stateProblem(user)
    if (problem !== undefined || !user.totpRequired) return problem
    if (user.totpConfirmedAt === null) return 'otp-not-enrolled'
    if (credential.response === undefined || credential.response.trim() === '') return 'otp-required'
    const used = await this.#secondFactor.use(user, credential.response.trim())
    return ({ accepted: undefined, reused: 'otp-reused', wrong: 'wrong-otp' } as const)[used]
  }
}

function stateProblem(user: User): DenyCode | undefined {
  if (user.disabledAt !== null) return 'user-disabled'
  return user.oneTimePassword ? 'password-change-required' : undefined
}

function bindingOf(device: DeviceWithOwners): SessionBinding {
  const { tenantId, userId, id: deviceId, certificateSha256, user } = device
  return { tenantId, userId, deviceId, certificateSha256, tokenGeneration: user.tokenGeneration }
}

async function settle(attempt: OpenAttempt, code: DenyCode | undefined): Promise<void> {
  if (code === undefined) await attempt.succeeded()
  else if (NO_GUESS.has(code)) await attempt.takenBack()
  else await attempt.failed()
}
