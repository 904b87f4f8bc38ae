import { SallyportError } from '@sallyport/foundation'
import type { Dispatcher } from 'undici'

import { AnswerTooLongError } from './response-body.ts'

/** One request: `body` is JSON text. */
export interface Exchange {
  readonly origin: string
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
  /** For the whole answer. */
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

/** A whole answer as UTF-8 text. */
export interface ExchangeAnswer {
  readonly statusCode: number
  readonly text: string
}

const HEADERS = { accept: 'application/json' }
const HEADERS_WITH_BODY = { ...HEADERS, 'content-type': 'application/json' }

/**
 * Sends one request and reads its answer. Calls come by the thousand, so it does without streams and abort signals of
 * its own, which cost more than all the rest. Fails with the signal's reason when that aborts.
 */
export function exchange(dispatcher: Dispatcher, request: Exchange): Promise<ExchangeAnswer> {
  const { origin, method, path, body, signal } = request
  const { promise, resolve, reject } = Promise.withResolvers<ExchangeAnswer>()
  const handler = new AnswerHandler(request, resolve, reject)
  if (signal?.aborted === true) {
    handler.fail(signal.reason)
    return promise
  }
  handler.watch()
  // The handler's own timeout spans both.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 }
  const content = body === undefined ? { headers: HEADERS } : { headers: HEADERS_WITH_BODY, body }
  dispatcher.dispatch({ origin, method, path, ...content, ...timeouts }, handler)
  return promise
}

/** Collects one answer and settles once. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #request: Exchange
  readonly #resolve: (answer: ExchangeAnswer) => void
  readonly #reject: (reason: unknown) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #statusCode = 0
  #timer: NodeJS.Timeout | undefined
  #controller: Dispatcher.DispatchController | undefined
  #settled = false

  constructor(request: Exchange, resolve: (answer: ExchangeAnswer) => void, reject: (reason: unknown) => void) {
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Begins to heed the signal and the clock. */
  watch(): void {
    const { signal, timeoutMs } = this.#request
    signal?.addEventListener('abort', this.#abort)
    this.#timer = setTimeout(() => {
      this.fail(new SallyportError('timeout', `no answer within ${String(timeoutMs)} ms`))
    }, timeoutMs)
  }

  /** Gives up; a request that waits for a connection is dropped when its turn comes. */
  fail(reason: unknown): void {
    if (!this.#settle()) return
    this.#reject(reason)
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#settled) controller.abort(new Error('given up'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#statusCode = statusCode
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { maxAnswerBytes } = this.#request
    this.#bytes += chunk.length
    if (this.#bytes > maxAnswerBytes) this.fail(new AnswerTooLongError(maxAnswerBytes))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#settle()) this.#resolve({ statusCode: this.#statusCode, text: textOf(this.#chunks) })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  readonly #abort = (): void => {
    this.fail(this.#request.signal?.reason)
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#timer)
    this.#request.signal?.removeEventListener('abort', this.#abort)
    return true
  }
}

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks
  if (first === undefined) return ''
  return (chunks.length === 1 ? first : Buffer.concat(chunks)).toString('utf8')
}
