import { Inject, Injectable } from '@nestjs/common'
import type { AuthoriseRequest, Challenge, Dialogue } from '@sallyport/contracts'
import type { FactorMethod } from '@sallyport/mfa-policy'

import type { DeviceWithOwners } from '../devices/devices.repository.ts'
import { SecondFactor } from '../factors/second-factor.ts'
import type { Denial } from '../node-api/denials.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { CHALLENGE_SECONDS, ChallengeStore, type StoredChallenge } from './challenge-store.ts'

/** ASCII without commas: they go into control messages. */
const PROMPTS = {
  code: 'Please give the code of your authenticator app.',
  web: 'Please confirm this connection in your browser.',
} as const
type Method = keyof typeof PROMPTS

/** Whom a challenge is given to, beside the device: a client of this node. */
type Asker = Pick<AuthoriseRequest, 'phase' | 'dialogues' | 'remote'> & { readonly serviceId: string }
type Answer = Extract<AuthoriseRequest['credential'], { kind: 'challenge-response' }>

/**
 * What became of an answer: accepted, with the factor that was proven, refused, or for a link that nobody has followed yet
 * the same challenge again.
 */
export type AnswerResult = { readonly factor: FactorMethod } | Denial | Challenge

/** Asks clients for the second factor while they connect, and judges what they answer. */
@Injectable()
export class Challenges {
  readonly #store: ChallengeStore
  readonly #secondFactor: SecondFactor
  readonly #publicUrl: string

  constructor(
    @Inject(ChallengeStore) store: ChallengeStore,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#store = store
    this.#secondFactor = secondFactor
    this.#publicUrl = settings.AUTH_PUBLIC_URL
  }

  /**
   * Begins a challenge for a device whose user's password was right and who can be asked for these factors; `undefined`
   * when its client can answer none.
   */
  async begin(
    device: DeviceWithOwners,
    asker: Asker,
    factors: readonly FactorMethod[],
  ): Promise<Challenge | undefined> {
    const method = methodFor(asker, device.tenant.webSignIn, factors)
    if (method === undefined) return undefined
    const { tenantId, userId, id: deviceId, certificateSha256, name: deviceName, user } = device
    const state = await this.#store.begin({
      method,
      tenantId,
      userId,
      deviceId,
      certificateSha256,
      tokenGeneration: user.tokenGeneration,
      serviceId: asker.serviceId,
      deviceName,
      remoteAddress: asker.remote.address,
    })
    return this.#challengeOf(method, state, CHALLENGE_SECONDS)
  }

  /** Says whether this is a link that was given to this very device at this node: nothing that can be guessed. */
  async isLinkOf(device: DeviceWithOwners, serviceId: string, state: string): Promise<boolean> {
    const challenge = (await this.#store.find(state)) ?? (await this.#store.findDeclined(state))
    return challenge?.method === 'web' && isOf(challenge, device, serviceId)
  }

  /** Judges an answer that came by this node; an accepted one has used the challenge up. */
  async answer(device: DeviceWithOwners, serviceId: string, { state, response }: Answer): Promise<AnswerResult> {
    const challenge = await this.#store.find(state)
    if (challenge === undefined) return this.#overCode(device, serviceId, state)
    if (!isOf(challenge, device, serviceId)) return 'challenge-expired'
    const factor = challenge.method === 'web' ? challenge.approvedWith : 'totp'
    if (factor === undefined) return this.#challengeOf('web', state, challenge.expiresInSeconds)
    if (challenge.method === 'code') {
      if (!(await this.#store.countTry(state))) return 'challenge-expired'
      const used = await this.#secondFactor.use(device.user, response.trim())
      if (used !== 'accepted') return used === 'reused' ? 'otp-reused' : 'wrong-otp'
    }
    return (await this.#store.useUp(state)) ? { factor } : this.#overCode(device, serviceId, state)
  }

  /** Why nobody can answer any more: its client, and no other, hears once that its user declined. */
  async #overCode(device: DeviceWithOwners, serviceId: string, state: string): Promise<Denial> {
    const declined = await this.#store.findDeclined(state)
    if (declined === undefined || !isOf(declined, device, serviceId)) return 'challenge-expired'
    return (await this.#store.tellDeclined(state)) ? 'declined' : 'challenge-expired'
  }

  #challengeOf(method: Method, state: string, expiresInSeconds: number): Challenge {
    const common = {
      decision: 'challenge' as const,
      state,
      method,
      prompt: PROMPTS[method],
      echo: true,
      expiresInSeconds,
    }
    return method === 'web' ? { ...common, url: connectUrl(this.#publicUrl, state) } : common
  }
}

/** The link at which a user answers a challenge. */
function connectUrl(publicUrl: string, state: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/connect/${state}`
}

/** A renegotiation interrupts somebody who works: it goes on by token or not at all. */
function methodFor(
  { phase, dialogues }: Asker,
  webSignIn: boolean,
  factors: readonly FactorMethod[],
): Method | undefined {
  if (phase === 'renegotiation') return undefined
  const can = (dialogue: Dialogue): boolean => dialogues.includes(dialogue)
  if (webSignIn && can('web')) return 'web'
  // A client's own dialogue asks for the code of an app; everything else needs a page.
  return factors.includes('totp') && (can('text') || can('dynamic-challenge')) ? 'code' : undefined
}

function isOf(challenge: StoredChallenge, device: DeviceWithOwners, serviceId: string): boolean {
  return (
    (challenge.method === 'code' || challenge.serviceId === serviceId) &&
    challenge.tenantId === device.tenantId &&
    challenge.userId === device.userId &&
    challenge.deviceId === device.id &&
    challenge.certificateSha256 === device.certificateSha256 &&
    challenge.tokenGeneration === device.user.tokenGeneration
  )
}
