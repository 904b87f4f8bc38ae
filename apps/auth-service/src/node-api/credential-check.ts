import { Inject, Injectable } from '@nestjs/common'
import { type AuthoriseRequest, type Challenge, DENY_CODES, type DenyCode } from '@sallyport/contracts'
import type { User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import {
  checkSessionToken,
  issueSessionToken,
  type SessionBinding,
  verifyPassword,
  type VpnSession,
} from '@sallyport/identity'

import { Challenges } from '../challenges/challenges.ts'
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
  /** The password was right and a code is needed; not `isNews` when the same challenge was given before. */
  | { readonly challenge: Challenge; readonly isNews: boolean }

type Password = Extract<AuthoriseRequest['credential'], { kind: 'password' }>
/** `undefined` when what was shown is enough. */
type Verdict = DenyCode | Challenge | undefined

/** A password field of a client that knows no other: the password, then the code. */
const WITH_CODE = /^(.+)(\d{6})$/s
const OF_CODE = { accepted: undefined, reused: 'otp-reused', wrong: 'wrong-otp' } as const

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
  readonly #challenges: Challenges
  readonly #secondFactor: SecondFactor
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock

  constructor(
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(Challenges) challenges: Challenges,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#attempts = attempts
    this.#challenges = challenges
    this.#secondFactor = secondFactor
    this.#secrets = secrets
    this.#clock = clock
  }

  /** Checks what a client of this node showed. */
  async check(device: DeviceWithOwners, serviceId: string, request: AuthoriseRequest): Promise<CredentialResult> {
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
    const isPassword = credential.kind === 'password'
    const secret = isPassword ? credential.password : credential.state
    // An answer is right for one device only; a password is for all of its user's.
    const shown = [username, secret, credential.response, isPassword ? undefined : device.id]
    const attempt = { ...common, realm: 'vpn' as const, account: user.id, credential: shown }
    if (isPassword) {
      return this.#limited(attempt, () => this.#checkPassword(device, { ...request, serviceId }, credential, namesUser))
    }
    const answer = async (): Promise<Verdict> => {
      const result = namesUser ? await this.#challenges.answer(device, serviceId, credential) : 'challenge-expired'
      return result === 'accepted' ? undefined : result
    }
    const isLink = namesUser && (await this.#challenges.isLinkOf(device, serviceId, credential.state))
    return isLink ? this.#unlimited(attempt, answer) : this.#limited(attempt, answer)
  }

  /** Asks about a link, which is no attempt: whoever tries passwords for this user must not keep the user out. */
  async #unlimited(attempt: Attempt, check: () => Promise<Verdict>): Promise<CredentialResult> {
    const verdict = await check()
    if (typeof verdict === 'string') return { code: verdict, isNews: true }
    if (verdict !== undefined) return { challenge: verdict, isNews: false }
    await this.#attempts.forget(attempt)
    return { previous: undefined }
  }

  /** Makes a check within the limits of attempts. */
  async #limited(attempt: Attempt, check: () => Promise<Verdict>): Promise<CredentialResult> {
    const begun = await this.#attempts.begin(attempt)
    if ('waitSeconds' in begun) return { code: 'too-many-attempts', isNews: begun.isFirst }
    if ('staleCode' in begun) return { code: denyCodeOf(begun.staleCode), isNews: false }
    const verdict = await check().catch(async (error: unknown) => {
      await begun.abandoned()
      throw error
    })
    if (verdict === undefined) {
      await begun.succeeded()
      return { previous: undefined }
    }
    if (typeof verdict === 'object') {
      // No guess, and no success either: the attempts before it still count, or they would be free with the password.
      await begun.abandoned()
      return { challenge: verdict, isNews: !attempt.credential.includes(verdict.state) }
    }
    await begun.refused(verdict, NO_GUESS.has(verdict) ? 'no guess' : 'a guess')
    return { code: verdict, isNews: true }
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
    const { sessionIdleSeconds } = device.tenant
    const checked = checkSessionToken({
      keys: [this.#secrets.key('session-token-key')],
      token,
      binding: bindingOf(device),
      nowMs: this.#clock.now(),
      lifetimeSeconds: device.tenant.sessionTokenSeconds,
      ...(sessionIdleSeconds === null ? {} : { idleSeconds: sessionIdleSeconds }),
    })
    if (checked.result === 'expired') return 'token-expired'
    if (checked.result === 'invalid' || !namesUser) return 'token-invalid'
    return userProblem(device.user) ?? checked
  }

  async #checkPassword(
    device: DeviceWithOwners,
    asker: AuthoriseRequest & { readonly serviceId: string },
    credential: Password,
    namesUser: boolean,
  ): Promise<Verdict> {
    const { user } = device
    const { isRight, code } = await firstFactor(user, credential, namesUser)
    if (!isRight) return 'wrong-password'
    const problem = userProblem(user)
    if (problem !== undefined || !user.totpRequired) return problem
    if (user.totpConfirmedAt === null) return 'otp-not-enrolled'
    if (code === '') return (await this.#challenges.begin(device, asker)) ?? 'otp-required'
    return OF_CODE[await this.#secondFactor.use(user, code)]
  }
}

/**
 * Checks the password and finds the code that came with it. Another user's name costs as much as a wrong password and
 * looks the same; a password that ends in six digits costs the same whether the user needs a code or not.
 */
async function firstFactor(
  user: User,
  { password, response = '' }: Password,
  namesUser: boolean,
): Promise<{ isRight: boolean; code: string }> {
  const code = response.trim()
  const isPasswordOf = (known: boolean, text: string): Promise<boolean> =>
    verifyPassword(known ? user.passwordHash : null, text)
  const isRight = await isPasswordOf(namesUser, password)
  const [, front, digits] = isRight || code !== '' ? [] : (WITH_CODE.exec(password) ?? [])
  if (front === undefined || digits === undefined) return { isRight, code }
  return { isRight: await isPasswordOf(namesUser && user.totpRequired, front), code: digits }
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
