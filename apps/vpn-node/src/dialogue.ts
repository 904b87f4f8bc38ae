import type { Challenge, Credential } from '@sallyport/contracts'
import type { KeyId, PendingAuthentication, Refusal } from '@sallyport/openvpn-session'
import type { ReasonCounter } from '@sallyport/telemetry'

import type { Admission, AdmissionDesk, Applicant } from './admission.ts'
import { nodeRefusal } from './refusals.ts'

/** How often auth-service is asked about a challenge that is answered in the browser, should the order get lost. */
const WEB_POLL_MS = 10_000

/** How users were asked for more while connecting, and what came of it while the client waited. */
export const CHALLENGE_OUTCOMES = ['dynamic-challenge', 'text', 'web', 'repeated', 'answered', 'expired'] as const
export type ChallengeOutcome = (typeof CHALLENGE_OUTCOMES)[number]

/** Codes of auth-service after which the same challenge may be answered again. */
const WRONG_ANSWER: ReadonlySet<string> = new Set(['wrong-otp', 'otp-reused'])

/** An applicant before anything was asked of its user. */
export type Introduced = Omit<Applicant, 'answer'>

/** The last word on one request for authentication. */
export type Settled = Exclude<Admission, { type: 'challenged' }>

/** What a dialogue tells the session that it is held for. */
export interface DialogueEvents {
  pending(keyId: KeyId, pending: PendingAuthentication): void
  /** `askedAtMs` is when the deciding question was put, by `performance.now()`: nobody sets that clock. */
  settled(keyId: KeyId, admission: Settled, askedAtMs: number): void
  /** An answer that nobody waits for any more: what it granted has to be given back. */
  late(admission: Admission): void
}

interface Round {
  readonly keyId: KeyId
  readonly applicant: Introduced
  challenge: Challenge | undefined
  deadlineMs: number
  deadline: NodeJS.Timeout | undefined
  poll: NodeJS.Timeout | undefined
}

/**
 * Leads one session's talk with auth-service: at most one question at a time, about the newest request only. While a
 * challenge is open it waits for the user's text, or for the news that the user has answered in the browser.
 */
export class Dialogue {
  readonly #desk: Pick<AdmissionDesk, 'decide'>
  readonly #events: DialogueEvents
  readonly #outcomes: Pick<ReasonCounter<ChallengeOutcome>, 'increment'>
  #round: Round | undefined
  #asking = Promise.resolve()

  constructor(
    desk: Pick<AdmissionDesk, 'decide'>,
    events: DialogueEvents,
    outcomes: Pick<ReasonCounter<ChallengeOutcome>, 'increment'>,
  ) {
    this.#desk = desk
    this.#events = events
    this.#outcomes = outcomes
  }

  /** Begins anew with what the client has said on a key state; an earlier request is given up. */
  begin(keyId: KeyId, applicant: Introduced): void {
    this.close()
    const round = { keyId, applicant, challenge: undefined, deadlineMs: 0, deadline: undefined, poll: undefined }
    this.#round = round
    this.#ask(round)
  }

  /** The client has sent the text that it was asked for; nothing happens when it was asked for none. */
  respond(keyId: KeyId, response: string): void {
    const round = this.#round
    if (round?.keyId === keyId && round.challenge?.method === 'code') this.#ask(round, response)
  }

  /** A user has answered in the browser; nothing happens when it is not this session's. */
  answered(state: string): void {
    if (this.#round?.challenge?.state === state) this.#ask(this.#round, '')
  }

  /** Gives up: what is still answered comes as `late`. */
  close(): void {
    clearTimeout(this.#round?.deadline)
    clearInterval(this.#round?.poll)
    this.#round = undefined
  }

  #ask(round: Round, response = ''): void {
    this.#asking = this.#asking.then(() => this.#put(round, response))
  }

  async #put(round: Round, response: string): Promise<void> {
    if (round !== this.#round) return
    const { applicant, challenge } = round
    const answer = challenge && answerTo(challenge, response)
    const askedAtMs = performance.now()
    const admission = await this.#desk.decide({ ...applicant, answer })
    if (round !== this.#round) {
      this.#events.late(admission)
    } else if (admission.type === 'challenged') {
      this.#hold(round, admission.challenge)
    } else if (admission.type === 'refused' && challenge !== undefined && mayWaitOn(challenge, admission.refusal)) {
      this.#repeat(round, challenge, admission.refusal)
    } else {
      if (challenge !== undefined && admission.type !== 'refused') this.#outcomes.increment('answered')
      this.#settle(round, admission, askedAtMs)
    }
  }

  #settle(round: Round, admission: Settled, askedAtMs: number): void {
    this.close()
    this.#events.settled(round.keyId, admission, askedAtMs)
  }

  /** Asks the user in the best way that the client has; where it cannot wait, it comes back with the answer. */
  #hold(round: Round, challenge: Challenge): void {
    const { dialogues } = round.applicant.request
    if (challenge.state === round.challenge?.state && challenge.method === 'web') return
    const method = waitingMethod(challenge)
    if (method !== undefined && dialogues.includes(method.kind)) {
      this.#outcomes.increment(method.kind)
      this.#wait(round, challenge, method)
    } else if (challenge.method === 'code' && dialogues.includes('dynamic-challenge')) {
      this.#outcomes.increment('dynamic-challenge')
      this.#settle(round, { type: 'refused', refusal: dynamicChallenge(round.applicant, challenge) }, performance.now())
    } else {
      this.#settle(round, { type: 'refused', refusal: nodeRefusal('internal-error') }, performance.now())
    }
  }

  #wait(round: Round, challenge: Challenge, method: PendingAuthentication['method']): void {
    clearTimeout(round.deadline)
    clearInterval(round.poll)
    round.challenge = challenge
    round.deadlineMs = Date.now() + challenge.expiresInSeconds * 1000
    round.deadline = setTimeout(() => {
      this.#outcomes.increment('expired')
      this.#settle(round, { type: 'refused', refusal: nodeRefusal('sign-in-not-completed') }, performance.now())
    }, challenge.expiresInSeconds * 1000)
    if (method.kind === 'web') {
      round.poll = setInterval(() => {
        this.#ask(round, '')
      }, WEB_POLL_MS)
    }
    this.#events.pending(round.keyId, { timeoutSeconds: challenge.expiresInSeconds, method })
  }

  /** A wrong text is asked for again, in the time that was given for the first; a browser is waited for on. */
  #repeat({ keyId, deadlineMs }: Round, { method, echo }: Challenge, { message }: Refusal): void {
    if (method === 'web') return
    this.#outcomes.increment('repeated')
    const timeoutSeconds = Math.ceil((deadlineMs - Date.now()) / 1000)
    this.#events.pending(keyId, { timeoutSeconds, method: { kind: 'text', prompt: message, echo } })
  }
}

function answerTo({ state }: Challenge, response: string): Credential & { kind: 'challenge-response' } {
  return { kind: 'challenge-response', state, response }
}

function waitingMethod({ method, prompt, echo, url }: Challenge): PendingAuthentication['method'] | undefined {
  if (method === 'code') return { kind: 'text', prompt, echo }
  return url === undefined ? undefined : { kind: 'web', url }
}

function dynamicChallenge({ request }: Introduced, { state, prompt, echo }: Challenge): Refusal {
  const challenge = { stateId: state, username: request.username, prompt, echo }
  return { code: 'otp-required', message: prompt, challenge }
}

/** A wrong text leaves its challenge open, and a browser's answer can be asked for again when auth-service is back. */
function mayWaitOn({ method }: Challenge, { code }: Refusal): boolean {
  return method === 'code' ? WRONG_ANSWER.has(code) : code === 'control-plane-away'
}
