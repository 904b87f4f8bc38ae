import { Inject, Injectable } from '@nestjs/common'
import { type AuthoriseRequest, type Challenge, DENY_CODES, type DenyCode } from '@sallyport/contracts'
import type { Clock } from '@sallyport/foundation'
import {
  beginVpnSession,
  checkSessionToken,
  issueSessionToken,
  type SessionBinding,
  verifyPassword,
  type VpnSession,
} from '@sallyport/identity'
import {
  type Allow,
  type Check,
  decide,
  type Decision,
  type FactorMethod,
  type PasswordFacts,
  type TokenFacts,
  usableMethods,
} from '@sallyport/mfa-policy'

import { Challenges } from '../challenges/challenges.ts'
import { SecondFactor } from '../factors/second-factor.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { type Attempt, AttemptLimit, type OpenAttempt } from '../sign-in/attempt-limit.ts'
import { AuthorisationFacts, type StoredFacts } from './authorisation-facts.ts'
import type { Denial } from './denials.ts'
import { presentLogin } from './present-login.ts'

/** A check of an attempt as it is stored for who asks later why it ended so. */
export type AttemptCheck = Omit<Check, 'check'> & { readonly check: string }

/** What came of what a client showed; `isNews` is false when it only repeats what was answered before. */
export type CredentialResult = { readonly checks: readonly AttemptCheck[]; readonly isNews: boolean } & (
  | { readonly code: Denial }
  | { readonly challenge: Challenge }
  /** `login` is the one that begins or goes on, `proven` the second factor that was shown just now. */
  | { readonly allow: Allow; readonly login: VpnSession; readonly proven?: FactorMethod; readonly atMs: number }
)

type Password = Extract<AuthoriseRequest['credential'], { kind: 'password' }>
type Answer = Extract<AuthoriseRequest['credential'], { kind: 'challenge-response' }>
type NodeRequest = AuthoriseRequest & { readonly serviceId: string }

/** A password field of a client that knows no other: the password, then the code. */
const WITH_CODE = /^(.+)(\d{6})$/s
const OF_CODE = { reused: 'otp-reused', wrong: 'wrong-otp' } as const

/** Refusals that say nothing about a guess: what was shown was right, or is not looked at. */
const GUESSES: ReadonlySet<Denial> = new Set([
  'wrong-password',
  'wrong-otp',
  'token-invalid',
  'challenge-expired',
  'certificate-mismatch',
])
/** Verdicts on the credential itself, which hold for every device of the user; others depend on where it was shown. */
const OF_CREDENTIAL: ReadonlySet<Denial> = new Set([...GUESSES, 'otp-reused'])
/** They end without anything of the account changing, so that the same credential is looked at anew each time. */
const PASSING: ReadonlySet<Denial> = new Set(['too-many-connections'])

/** Checks what a VPN client showed beside its certificate, lets the policy decide, and issues the token for the next time. */
@Injectable()
export class CredentialCheck {
  readonly #attempts: AttemptLimit
  readonly #challenges: Challenges
  readonly #secondFactor: SecondFactor
  readonly #facts: AuthorisationFacts
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock

  constructor(
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(Challenges) challenges: Challenges,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(AuthorisationFacts) facts: AuthorisationFacts,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#attempts = attempts
    this.#challenges = challenges
    this.#secondFactor = secondFactor
    this.#facts = facts
    this.#secrets = secrets
    this.#clock = clock
  }

  /** Checks what a client of this node showed. */
  async check(stored: StoredFacts, request: NodeRequest): Promise<CredentialResult> {
    const { credential, username, remote } = request
    const { tenantId, id: deviceId, user } = stored.device
    const namesUser = username.trim().toLowerCase() === user.username
    const common = { tenantId, source: remote.address, state: stateOf(stored) }
    if (credential.kind === 'session-token') {
      const checked = this.#checkToken(stored, request, credential.token, namesUser)
      // A right token needs no counting: it is not waited for, whatever else was tried, and not while Redis is away.
      if (!('code' in checked)) return checked
      const [account, shown] = [`${deviceId}@${remote.address}`, [username, credential.token]]
      return this.#limited({ ...common, realm: 'vpn-token', account, credential: shown }, () =>
        Promise.resolve(checked),
      )
    }
    const isPassword = credential.kind === 'password'
    const secret = isPassword ? credential.password : credential.state
    // An answer is right for one device only; a password is for all of its user's.
    const shown = [username, secret, credential.response, isPassword ? undefined : deviceId]
    const circumstances = circumstancesOf(stored, request)
    const attempt = { ...common, realm: 'vpn', account: user.id, credential: shown, circumstances } as const
    if (isPassword) return this.#limited(attempt, () => this.#checkPassword(stored, request, credential, namesUser))
    const answer = (): Promise<CredentialResult> => this.#checkAnswer(stored, request, credential, namesUser)
    const isLink = namesUser && (await this.#challenges.isLinkOf(stored.device, request.serviceId, credential.state))
    return isLink ? this.#unlimited(attempt, answer) : this.#limited(attempt, answer)
  }

  /** Issues a token bound to user, device, certificate and generation; a renewed one does not lengthen the login. */
  issueToken(
    stored: StoredFacts,
    request: AuthoriseRequest,
    { atMs: nowMs, login: previous }: Pick<Extract<CredentialResult, { allow: unknown }>, 'atMs' | 'login'>,
  ): string {
    return issueSessionToken({
      key: this.#secrets.key('session-token-key'),
      binding: bindingOf(stored, request),
      nowMs,
      previous,
    }).token
  }

  /** Asks about a link, which is no attempt: whoever tries passwords for this user must not keep the user out. */
  async #unlimited(attempt: Attempt, check: () => Promise<CredentialResult>): Promise<CredentialResult> {
    const result = await check()
    if ('allow' in result) await this.#attempts.forget(attempt)
    return 'challenge' in result ? { ...result, isNews: false } : result
  }

  /** Makes a check within the limits of attempts. */
  async #limited(attempt: Attempt, check: () => Promise<CredentialResult>): Promise<CredentialResult> {
    const begun = await this.#attempts.begin(attempt)
    if ('waitSeconds' in begun)
      return refused('too-many-attempts', [failed('attempts', begun.waitSeconds)], begun.isFirst)
    if ('staleCode' in begun) return refused(denyCodeOf(begun.staleCode), [failed('attempts', 'repeated')], false)
    const result = await check().catch(async (error: unknown) => {
      await begun.abandoned()
      throw error
    })
    await settle(begun, result)
    if (!('challenge' in result)) return result
    return { ...result, isNews: !attempt.credential.includes(result.challenge.state) }
  }

  #checkToken(stored: StoredFacts, request: NodeRequest, token: string, namesUser: boolean): CredentialResult {
    const checked = checkSessionToken({
      keys: [this.#secrets.key('session-token-key')],
      token,
      binding: bindingOf(stored, request),
      nowMs: this.#clock.now(),
    })
    if (checked.result === 'invalid' || !namesUser) return refused('token-invalid', [failed('token')])
    const login = presentLogin(stored.device, checked)
    const { issuedMs: issuedAtMs } = checked
    const loginStartedAtMs = login.initialMs
    const credential = { kind: 'token', issuedAtMs, loginStartedAtMs, lastRenewedAtMs: issuedAtMs } as const
    const { decision, atMs } = this.#decide(stored, request, credential)
    const checks = [passed('token'), ...decision.checks]
    if (decision.decision === 'allow') return { allow: decision, login, atMs, checks, isNews: true }
    // A token is never challenged: its client is told that it is over, and asks for password and code.
    return refused(decision.decision === 'deny' ? decision.reason : 'token-expired', checks)
  }

  async #checkPassword(
    stored: StoredFacts,
    request: NodeRequest,
    credential: Password,
    namesUser: boolean,
  ): Promise<CredentialResult> {
    const { isRight, code } = await firstFactor(stored, credential, namesUser)
    if (!isRight) return refused('wrong-password', [failed('password')])
    const before = [passed('password')]
    const { decision: alone, atMs } = this.#decide(stored, request, { kind: 'password', factor: null })
    if (alone.decision === 'deny') return refused(alone.reason, [...before, ...alone.checks])
    if (code !== '' && takesCode(stored)) return this.#checkCode(stored, request, code, before)
    const checks = [...before, ...alone.checks]
    if (alone.decision === 'allow') return { allow: alone, login: loginAt(stored, atMs), atMs, checks, isNews: true }
    const challenge = await this.#challenges.begin(stored.device, request, alone.methods)
    return challenge === undefined ? refused('otp-required', checks) : { challenge, checks, isNews: true }
  }

  async #checkCode(
    stored: StoredFacts,
    request: NodeRequest,
    code: string,
    before: readonly AttemptCheck[],
  ): Promise<CredentialResult> {
    const used = await this.#secondFactor.use(stored.device.user, code)
    if (used !== 'accepted') return refused(OF_CODE[used], [...before, failed('code', used)])
    return this.#proven(stored, request, 'totp', [...before, passed('code')])
  }

  async #checkAnswer(
    stored: StoredFacts,
    request: NodeRequest,
    answer: Answer,
    namesUser: boolean,
  ): Promise<CredentialResult> {
    const result = namesUser
      ? await this.#challenges.answer(stored.device, request.serviceId, answer)
      : ('challenge-expired' as const)
    if (typeof result === 'string') return refused(result, [failed('answer', result)])
    if ('decision' in result) {
      return { challenge: result, checks: [{ check: 'answer', outcome: 'asked' }], isNews: true }
    }
    return this.#proven(stored, request, result.factor, [passed('answer')])
  }

  /** Decides about who has shown password and factor. */
  #proven(
    stored: StoredFacts,
    request: NodeRequest,
    proven: FactorMethod,
    before: readonly AttemptCheck[],
  ): CredentialResult {
    const { decision, atMs } = this.#decide(stored, request, { kind: 'password', factor: proven })
    const checks = [...before, ...decision.checks]
    const login = loginAt(stored, atMs)
    if (decision.decision === 'allow') return { allow: decision, login, proven, atMs, checks, isNews: true }
    return refused(decision.decision === 'deny' ? decision.reason : 'method-not-allowed', checks)
  }

  #decide(
    stored: StoredFacts,
    request: NodeRequest,
    credential: PasswordFacts | TokenFacts,
  ): { readonly decision: Decision; readonly atMs: number } {
    const facts = this.#facts.of(stored, request, credential)
    return { decision: decide(stored.policy, facts), atMs: facts.nowMs }
  }
}

async function settle(begun: OpenAttempt, result: CredentialResult): Promise<void> {
  if ('allow' in result) return begun.succeeded()
  // No guess, and no success either: the attempts before it still count, or they would be free with the password.
  if ('challenge' in result || PASSING.has(result.code)) return begun.abandoned()
  const where = OF_CREDENTIAL.has(result.code) ? 'anywhere' : 'here'
  return begun.refused(result.code, GUESSES.has(result.code) ? 'a guess' : 'no guess', where)
}

/**
 * Checks the password and finds the code that came with it. Another user's name costs as much as a wrong password and
 * looks the same; a password that ends in six digits costs the same whether the user needs a code or not.
 */
async function firstFactor(
  stored: StoredFacts,
  { password, response = '' }: Password,
  namesUser: boolean,
): Promise<{ isRight: boolean; code: string }> {
  const code = response.trim()
  const { passwordHash } = stored.device.user
  const isPasswordOf = (known: boolean, text: string): Promise<boolean> =>
    verifyPassword(known ? passwordHash : null, text)
  const isRight = await isPasswordOf(namesUser, password)
  const [, front, digits] = isRight || code !== '' ? [] : (WITH_CODE.exec(password) ?? [])
  if (front === undefined || digits === undefined) return { isRight, code }
  return { isRight: await isPasswordOf(namesUser && takesCode(stored), front), code: digits }
}

/** Whether the code of an app means anything here. */
function takesCode({ policy, enrolled }: StoredFacts): boolean {
  return policy.mfa !== 'off' && usableMethods(policy, enrolled, 'client').length > 0
}

/** What a verdict on a credential depends on, besides the time. */
function stateOf({ device, policy, enrolled }: StoredFacts): readonly unknown[] {
  const { tokenGeneration, disabledAt, oneTimePassword, totpConfirmedAt } = device.user
  return [tokenGeneration, disabledAt, oneTimePassword, totpConfirmedAt, device.tenant.suspendedAt, policy, enrolled]
}

/** What the policy looks at, and what the client could be asked. */
function circumstancesOf({ device }: StoredFacts, request: NodeRequest): readonly unknown[] {
  const { phase, dialogues, certificate, remote } = request
  return [device.id, device.factorAt, certificate.sha256, phase, dialogues, remote.address]
}

function bindingOf({ device }: StoredFacts, { certificate }: AuthoriseRequest): SessionBinding {
  const { tenantId, userId, id: deviceId, user } = device
  return { tenantId, userId, deviceId, certificateSha256: certificate.sha256, tokenGeneration: user.tokenGeneration }
}

/** The login of a password: of the connection that renegotiates, or a new one. */
function loginAt({ login }: StoredFacts, atMs: number): VpnSession {
  const begun = beginVpnSession(login?.startedAtMs ?? atMs)
  return { ...begun, sessionId: login?.sessionId ?? begun.sessionId }
}

function refused(code: Denial, checks: readonly AttemptCheck[], isNews = true): CredentialResult {
  return { code, checks, isNews }
}

function passed(check: string): AttemptCheck {
  return { check, outcome: 'passed' }
}

function failed(check: string, detail?: string | number): AttemptCheck {
  return { check, outcome: 'failed', ...(detail === undefined ? {} : { detail }) }
}

function denyCodeOf(text: string): DenyCode {
  return DENY_CODES.find((code) => code === text) ?? 'wrong-password'
}
