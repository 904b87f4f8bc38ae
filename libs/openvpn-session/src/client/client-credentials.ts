import { Buffer } from 'node:buffer'

import type { ClientOutcome } from './client-actions.ts'
import type { ClientBehaviour } from './client-behaviour.ts'

/** What the user typed. */
export interface UserSecrets {
  readonly username: string
  readonly password: string
  /** Answer to the question that the profile asks beforehand (`static-challenge`). */
  readonly staticResponse?: string
}

/**
 * What a client authenticates with, for one user and across connections: the password until there is a session token,
 * and the answer to a challenge once. Holds secrets for as long as it lives.
 */
export class ClientCredentials {
  readonly #secrets: UserSecrets
  readonly #behaviour: Pick<ClientBehaviour, 'forgetsTokenOnRestart'>
  #token: string | undefined
  #tokenUsername: string | undefined
  #challenge: { readonly stateId: string; readonly username: string } | undefined
  #response: string | undefined

  constructor(secrets: UserSecrets, behaviour: Pick<ClientBehaviour, 'forgetsTokenOnRestart'>) {
    this.#secrets = secrets
    this.#behaviour = behaviour
  }

  /** The session token, when the server gave one that still counts. */
  get token(): string | undefined {
    return this.#token
  }

  /** User name for the next key method 2. */
  get username(): string {
    if (this.#response !== undefined && this.#challenge !== undefined) return this.#challenge.username
    return this.#tokenUsername ?? this.#secrets.username
  }

  /** Content of the password field of the next key method 2. */
  get passwordField(): string {
    if (this.#response !== undefined && this.#challenge !== undefined) {
      return `CRV1::${this.#challenge.stateId}::${this.#response}`
    }
    if (this.#token !== undefined) return this.#token
    const { password, staticResponse } = this.#secrets
    return staticResponse === undefined ? password : `SCRV1:${base64(password)}:${base64(staticResponse)}`
  }

  /** Takes a session token that was pushed, and the name to use with it. */
  noteToken(token: string, username: string | undefined): void {
    this.#token = token
    this.#tokenUsername = username ?? this.#tokenUsername
    this.#forgetChallenge()
  }

  /** Takes the user's answer to the challenge of the last connection; the next one carries it. */
  answerChallenge(response: string): void {
    this.#response = response
  }

  /** Takes how a connection ended, as far as the credentials for the next one depend on it. */
  noteOutcome(outcome: ClientOutcome): void {
    if (outcome.reason === 'refused' && outcome.temporary === undefined) {
      this.#forgetToken()
      this.#forgetChallenge()
      this.#challenge = outcome.challenge
    }
    const forgets = this.#behaviour.forgetsTokenOnRestart
    if (outcome.reason === 'restart' && forgets && !outcome.preserve) this.#forgetToken()
  }

  #forgetToken(): void {
    this.#token = undefined
    this.#tokenUsername = undefined
  }

  #forgetChallenge(): void {
    this.#challenge = undefined
    this.#response = undefined
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
