import { MAX_SESSION_ENDS, type NodeOrder, type SessionEnd } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'
import type { SessionHost } from './session-host.ts'

const LOOK_INTERVAL_MS = 10_000
/** Each login is asked about at least once in this time before its end. */
const ASKED_BEFORE_MS = 25_000

/** What is to be known of a session here. */
export type EndingHost = Pick<SessionHost, 'grant' | 'moveEnd'>

/** Keeps the ends of this node's logins as auth-service has them: by its orders, and by questions, where one may be missing. */
export class SessionEnds implements Disposable {
  readonly #control: Pick<ControlLink, 'sessionEnds'>
  readonly #hosts: () => readonly EndingHost[]
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(control: Pick<ControlLink, 'sessionEnds'>, hosts: () => readonly EndingHost[], log: Logger) {
    this.#control = control
    this.#hosts = hosts
    this.#log = log
    this.#timer = setInterval(() => void this.ask(Date.now() + ASKED_BEFORE_MS), LOOK_INTERVAL_MS)
  }

  /** Logins end at other times, by order. */
  obey({ ends, renewKeys }: NodeOrder & { readonly type: 'session-ends' }): void {
    this.#move(ends, performance.now(), renewKeys)
  }

  /** Asks about the logins that end before a time, by default about all; never throws. */
  async ask(beforeMs = Infinity): Promise<void> {
    const ids = this.#hosts().flatMap(({ grant }) =>
      grant !== undefined && Date.parse(grant.sessionEndsAt) <= beforeMs ? [grant.connectionId] : [],
    )
    try {
      for (let place = 0; place < ids.length; place += MAX_SESSION_ENDS) {
        const askedAtMs = performance.now()
        const asked = ids.slice(place, place + MAX_SESSION_ENDS)
        const { ends } = await this.#control.sessionEnds(asked, this.#abort.signal)
        this.#move(ends, askedAtMs, false)
      }
    } catch (error) {
      this.#log.debug({ err: describeError(error) }, 'ends of logins not compared')
    }
  }

  /** What was known when is told by the clock that nobody sets. */
  #move(ends: readonly SessionEnd[], knownAtMs: number, renewKeys: boolean): void {
    const endOf = new Map(ends.map(({ connectionId, sessionEndsAt }) => [connectionId, sessionEndsAt]))
    for (const host of endOf.size === 0 ? [] : this.#hosts()) {
      const end = endOf.get(host.grant?.connectionId ?? '')
      if (end !== undefined) host.moveEnd(end, knownAtMs, renewKeys)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#abort.abort()
  }
}
