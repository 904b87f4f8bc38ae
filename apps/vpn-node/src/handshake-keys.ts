import type { HandshakeKeys as KeyList } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import { MAX_STATIC_KEYS, type ServerContext } from '@sallyport/openvpn-session'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'

const REFRESH_MS = 10 * 60_000
const RETRY_MS = 2_000
const COOKIE_KEY_BYTES = 32
const STATIC_KEY_BYTES = 256
/** Clients of tls-auth profiles are told this digest. */
const TLS_AUTH_DIGEST = 'SHA256'

/** What of the protocol's context is the node's own and never changes. */
export type FixedContext = Omit<ServerContext, 'cookieKeys' | 'staticKeys'>

/**
 * Keeps the keys with which clients are met before anybody knows them: asked of auth-service at the start, after every
 * order, and every ten minutes. While auth-service is away the last known keys stay in use.
 */
export class HandshakeKeys implements Disposable {
  readonly #control: Pick<ControlLink, 'handshakeKeys'>
  readonly #fixed: FixedContext
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #firstAnswer: Promise<void>
  /** What the next question waits for: the answer to the one before, or the time. */
  #asking = false
  #nextInMs = REFRESH_MS
  #timer: NodeJS.Timeout | undefined
  #context: ServerContext | undefined
  #failing = false

  constructor(control: Pick<ControlLink, 'handshakeKeys'>, fixed: FixedContext, log: Logger) {
    this.#control = control
    this.#fixed = fixed
    this.#log = log
    this.#firstAnswer = this.#ask()
  }

  /** Fulfilled when the first question was answered, or could not be. */
  get firstAnswer(): Promise<void> {
    return this.#firstAnswer
  }

  /** What the protocol judges first packets by; `undefined` until the first keys have come. */
  get context(): ServerContext | undefined {
    return this.#context
  }

  /** Asks again at once; when a question is under way, after its answer. */
  refresh(): void {
    if (this.#asking) this.#nextInMs = 0
    else void this.#ask()
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer)
    this.#asking = true
    this.#nextInMs = REFRESH_MS
    const fetched = await this.#fetch()
    this.#asking = false
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => void this.#ask(), fetched ? this.#nextInMs : RETRY_MS)
  }

  async #fetch(): Promise<boolean> {
    try {
      const keys = await this.#control.handshakeKeys(this.#abort.signal)
      this.#context = { ...this.#fixed, ...readKeys(keys) }
      const tenants = keys.staticKeys.length
      if (tenants > MAX_STATIC_KEYS) this.#log.warn({ tenants, MAX_STATIC_KEYS }, 'too many tenants with old clients')
      if (this.#failing) this.#log.info({}, 'handshake keys are up to date again')
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#log.warn({ err: describeError(error) }, 'handshake keys not renewed: trying again')
      this.#failing = true
    }
    return !this.#failing
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#abort.abort()
  }
}

function readKeys({ cookieKeys, staticKeys }: KeyList): Pick<ServerContext, 'cookieKeys' | 'staticKeys'> {
  return {
    cookieKeys: cookieKeys.map(({ validFrom, key }) => ({
      validFromMs: Date.parse(validFrom),
      key: bytesOf(key, COOKIE_KEY_BYTES),
    })),
    staticKeys: staticKeys.map(({ tenantId, mode, key }) =>
      mode === 'tls-auth'
        ? { tenantId, mode, digest: TLS_AUTH_DIGEST, key: bytesOf(key, STATIC_KEY_BYTES) }
        : { tenantId, mode, key: bytesOf(key, STATIC_KEY_BYTES) },
    ),
  }
}

/** A shorter key would weaken every handshake without anybody noticing. */
function bytesOf(base64: string, length: number): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  if (bytes.length === length) return bytes
  throw new SallyportError(
    'bad-handshake-key',
    `a handshake key has ${String(bytes.length)} bytes, not ${String(length)}`,
  )
}
