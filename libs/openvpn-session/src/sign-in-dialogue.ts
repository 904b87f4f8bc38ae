import type { PendingAuthentication } from './actions.ts'
import type { ClientAbilities } from './client-abilities.ts'
import { dialogueMessage, pendingMessage } from './control-messages.ts'

/** The time that a client is given replaces its own limit, which is a minute; less than that would only shorten it. */
const MIN_TIMEOUT_SECONDS = 60
/** Clients cut longer times down to half the life of a key. */
const MAX_TIMEOUT_SECONDS = 1_800
/** The server gives up earlier than the client, so that the client is told that the time is up. */
const EARLIER_SECONDS = 5

/** What its user is asked while a client waits for the decision on it. */
export class SignInDialogue {
  #unsaid: readonly string[] = []
  #announced = false
  #awaitsText = false
  #begun = false

  /** True once the user was asked something. */
  get begun(): boolean {
    return this.#begun
  }

  /**
   * Asks, in place of whatever was to be asked and could not be yet; gives the time of the answer from now on, or
   * `undefined` when this client cannot ask that.
   */
  ask(pending: PendingAuthentication, abilities: ClientAbilities): number | undefined {
    const question = dialogueMessage(pending.method, abilities)
    if (question === undefined) return undefined
    const timeoutSeconds = clamp(Math.ceil(pending.timeoutSeconds))
    const isKnown = this.#announced && abilities.family.pendingAuthentication === 'once'
    const head = isKnown ? undefined : pendingMessage(timeoutSeconds, abilities)
    this.#unsaid = head === undefined ? [question] : [head, question]
    this.#awaitsText = pending.method.kind === 'text'
    this.#begun = true
    return (timeoutSeconds - EARLIER_SECONDS) * 1_000
  }

  /** Gives the messages to say, once. */
  take(): readonly string[] {
    const messages = this.#unsaid
    this.#announced ||= messages.length > 0
    this.#unsaid = []
    return messages
  }

  /** Says whether an answer was asked for; each question has one. */
  takeAnswer(): boolean {
    const awaited = this.#awaitsText && this.#unsaid.length === 0
    if (awaited) this.#awaitsText = false
    return awaited
  }
}

function clamp(seconds: number): number {
  return Number.isFinite(seconds)
    ? Math.min(Math.max(seconds, MIN_TIMEOUT_SECONDS), MAX_TIMEOUT_SECONDS)
    : MIN_TIMEOUT_SECONDS
}
