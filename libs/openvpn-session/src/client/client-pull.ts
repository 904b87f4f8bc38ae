import { parsePushReply } from '@sallyport/openvpn-wire'

import type { ProtocolErrorCode } from './client-actions.ts'
import type { ClientBehaviour } from './client-behaviour.ts'
import { pullConfiguration, type PulledConfiguration, pulledToken, UpdatedOptions } from './pulled-configuration.ts'

/** More parts of a push reply than this come from no server. */
const MAX_PUSH_MESSAGES = 1_024

type Behaviour = Pick<ClientBehaviour, 'pushRequestAfterMs' | 'strictProtocolFlags'>

/** What one message changed. */
export type Pulled =
  | { readonly type: 'nothing' }
  | { readonly type: 'configuration'; readonly configuration: PulledConfiguration }
  | { readonly type: 'updated'; readonly options: readonly string[] }
  | { readonly type: 'failed'; readonly code: ProtocolErrorCode }

const NOTHING: Pulled = { type: 'nothing' }

/** Asks for the configuration until it is there, puts it together and keeps it up to date. */
export class ClientPull {
  readonly #behaviour: Behaviour
  readonly #optionsString: string
  readonly #takeToken: (token: string, username: string | undefined) => void
  #messages: string[] = []
  #configuration: PulledConfiguration | undefined
  #updates: UpdatedOptions | undefined
  #requests = 0
  #requestAtMs: number | undefined

  /** Session tokens go to `takeToken`, whenever they come. */
  constructor(
    behaviour: Behaviour,
    optionsString: string,
    takeToken: (token: string, username: string | undefined) => void,
  ) {
    this.#behaviour = behaviour
    this.#optionsString = optionsString
    this.#takeToken = takeToken
  }

  get configuration(): PulledConfiguration | undefined {
    return this.#configuration
  }

  /** When PUSH_REQUEST is due; `undefined` when it is not, or no more. */
  get requestAtMs(): number | undefined {
    return this.#configuration === undefined ? this.#requestAtMs : undefined
  }

  /** Notes that the server may be asked from here on; the first call counts. */
  allowRequests(nowMs: number): void {
    if (this.#configuration === undefined) this.#requestAtMs ??= nowMs + this.#behaviour.pushRequestAfterMs[0]
  }

  /** Says whether to ask at this time; each time it says so it counts on the question being sent. */
  requestIfDue(nowMs: number): boolean {
    if (this.requestAtMs === undefined || this.requestAtMs > nowMs) return false
    const pauses = this.#behaviour.pushRequestAfterMs
    this.#requests += 1
    this.#requestAtMs = nowMs + (pauses[this.#requests] ?? pauses.at(-1) ?? pauses[0])
    return true
  }

  /** Takes one PUSH_REPLY; after the first complete one, only session tokens still count. */
  takeReply(message: string): Pulled {
    this.#messages.push(message)
    if (this.#messages.length > MAX_PUSH_MESSAGES) return { type: 'failed', code: 'no-usable-cipher' }
    const options = parsePushReply(this.#messages)
    if (options === undefined) return NOTHING
    this.#messages = []
    const token = pulledToken(options)
    if (token !== undefined) this.#takeToken(token.token, token.username)
    if (this.#configuration !== undefined) return NOTHING
    const configuration = pullConfiguration(options, this.#optionsString, this.#behaviour.strictProtocolFlags)
    if (typeof configuration === 'string') return { type: 'failed', code: configuration }
    this.#configuration = configuration
    return { type: 'configuration', configuration }
  }

  /** Takes one PUSH_UPDATE. */
  takeUpdate(message: readonly string[]): Pulled {
    if (this.#configuration === undefined) return NOTHING
    this.#updates ??= new UpdatedOptions(this.#configuration.options)
    const options = this.#updates.apply(message)
    if (options === 'refused') return { type: 'failed', code: 'update-refused' }
    if (options === undefined) return NOTHING
    this.#updates = undefined
    this.#configuration = { ...this.#configuration, options }
    return { type: 'updated', options }
  }
}
