import type { CryptoSuite, KeyId } from '@sallyport/openvpn-wire'

import type { PendingAuthentication, Refusal, SessionEndReason, SessionGrant } from '../actions.ts'
import { refusalMessage } from '../control-messages.ts'
import type { Ending } from '../ending.ts'
import type { ClientIntroduction, KeyState } from '../keys/key-state.ts'
import type { Renewal } from '../keys/renewal.ts'
import type { Outbox } from '../outbox.ts'
import { SignInDialogue } from '../sign-in-dialogue.ts'
import type { Admission } from './admission.ts'

const NO_DIALOGUE = { code: 'no-dialogue', message: 'This client cannot ask for the second step of the sign-in' }
const SIGN_IN_TIMEOUT = { code: 'sign-in-timeout', message: 'The sign-in took too long: connect again' }
const INVALID_GRANT = { code: 'invalid-grant', message: 'The configuration of this connection is not valid' }

/** What a decision works with; all of it is the session's. */
export interface DecisionParts {
  readonly suite: CryptoSuite
  readonly outbox: Outbox
  readonly admission: Admission
  readonly ending: Ending
  readonly renewal: Renewal
}

/**
 * The decision on the client of each key state: asked for when the client has introduced itself, perhaps waiting for
 * its user, and given once. The key state with id 0 is the one that connects; all others renew.
 */
export class Decision {
  readonly #parts: DecisionParts
  readonly #dialogue = new SignInDialogue()
  /** Key states whose question is out; key ids come round again, so the answer to an old one must not count for a new one. */
  readonly #asked = new Map<KeyId, KeyState>()
  #grant: SessionGrant | undefined

  constructor(parts: DecisionParts) {
    this.#parts = parts
  }

  /** The grant that connects the client; `undefined` before. */
  get grant(): SessionGrant | undefined {
    return this.#grant
  }

  /** Answers an introduction at once, then has it judged, or refuses it by itself. */
  introduce(keyState: KeyState, introduction: ClientIntroduction): void {
    const { suite, outbox, admission, ending } = this.#parts
    const { keyId } = keyState
    const answer = keyState.answerKeyMethod(suite, introduction.options)
    outbox.emit({ type: 'tls-write', keyId, bytes: answer })
    if (ending.begun) return
    const consideration = admission.consider(introduction)
    if (consideration.type === 'refused') this.refuse(keyState, consideration.refusal, consideration.reason)
    else if (this.#asked.has(keyId)) outbox.drop('unexpected')
    else {
      this.#asked.set(keyId, keyState)
      outbox.emit({ type: 'authenticate', keyId, request: consideration.request })
    }
  }

  /** Notes that a question was answered; true when it was about this very key state. */
  noteAnswer(keyId: KeyId, keyState: KeyState | undefined): boolean {
    const asked = this.#asked.get(keyId)
    this.#asked.delete(keyId)
    return asked !== undefined && asked === keyState
  }

  /** Has the user asked while the client waits, and gives the handshake the time for it. Renegotiations ask nobody. */
  ask(keyState: KeyState, pending: PendingAuthentication, nowMs: number): void {
    const { admission, outbox } = this.#parts
    const abilities = admission.admitted?.terms.abilities
    if (!this.#isUndecided(keyState) || this.#asked.get(0) !== keyState || abilities === undefined) {
      outbox.drop('unexpected')
      return
    }
    const durationMs = this.#dialogue.ask(pending, abilities)
    if (durationMs === undefined) this.refuse(keyState, NO_DIALOGUE)
    else keyState.deadlineMs = nowMs + durationMs
  }

  /** Takes the client's answer to what was asked. */
  answer(keyState: KeyState, response: string): void {
    const { outbox } = this.#parts
    const isAnswer = this.#isUndecided(keyState) && this.#asked.get(0) === keyState && this.#dialogue.takeAnswer()
    if (isAnswer) outbox.emit({ type: 'challenge-response', keyId: keyState.keyId, response })
    else outbox.drop('unexpected')
  }

  /** Says what there is to ask, once the client can hear it. */
  say(keyState: KeyState): void {
    if (!keyState.active || !this.#isUndecided(keyState)) return
    for (const message of this.#dialogue.take()) this.#parts.outbox.write(keyState.keyId, message)
  }

  /** Allows the client; true when that is what the key state waited for. */
  allow(keyState: KeyState, grant: SessionGrant): boolean {
    const { admission, renewal } = this.#parts
    // Without TLS its secrets are gone and nothing more can be said on it; a refusal counts all the same.
    if (!this.#isUndecided(keyState) || !keyState.tlsRunning) return false
    renewal.noteGrant(grant)
    const announcement = admission.announce(keyState.keyId === 0 ? 'initial' : 'renegotiation', grant)
    if (announcement === undefined) this.refuse(keyState, INVALID_GRANT)
    keyState.announcement = announcement
    this.#grant ??= grant
    return announcement !== undefined
  }

  /** Refuses the client: a connection that is being renewed is over at once, the client is told when it can hear it. */
  refuse(keyState: KeyState, refusal: Refusal, reason: SessionEndReason = 'refused'): void {
    const { admission, ending } = this.#parts
    if (!this.#isUndecided(keyState)) return
    const abilities = admission.admitted?.terms.abilities
    const isRenewal = keyState.keyId !== 0
    // In a renegotiation nobody may be there to answer a question.
    const { challenge, ...others } = refusal
    const told = isRenewal || challenge === undefined ? others : refusal
    const text = refusalMessage(told, abilities, admission.showedToken)
    ending.plan({ text, reason, refusal }, isRenewal)
  }

  /** Refuses a client whose user was asked and whose time is up; true when that was so. */
  expire(keyState: KeyState): boolean {
    if (!this.#dialogue.begun || !keyState.active || !this.#isUndecided(keyState)) return false
    this.refuse(keyState, SIGN_IN_TIMEOUT)
    return true
  }

  #isUndecided(keyState: KeyState): boolean {
    return keyState.introduced && keyState.announcement === undefined && !this.#parts.ending.begun
  }
}
