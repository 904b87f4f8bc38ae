import type { ServiceRole } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'

import { type AnswerSchema, failureOf, parseAnswer } from './api-answer.ts'
import { ServiceRefusedError, ServiceUnavailableError } from './api-error.ts'
import { type ClientCredentials, ClusterAgent, serviceOrigin } from './cluster-agent.ts'
import { readLines, readText } from './response-body.ts'

const DEFAULT_TIMEOUT_MS = 10_000
/** Three heartbeats of the order stream. */
const DEFAULT_STREAM_IDLE_MS = 30_000
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const MAX_LINE_BYTES = 64 * 1024

/** Whom a client calls and as whom. */
export interface ApiClientOptions {
  /** `https://host:port`; the certificate of the server must be of this host. */
  readonly baseUrl: string
  /** The role that the server's certificate must carry, so that no other member of the cluster can stand in for it. */
  readonly serverRole: ServiceRole
  readonly credentials: ClientCredentials
}

/** One call: `body` is sent as JSON. */
export interface ApiCall<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly response: AnswerSchema<T>
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
}

/** An endless answer of newline-delimited JSON; it fails when nothing comes for `idleMs`. */
export interface ApiStream<T> {
  readonly path: string
  readonly schema: AnswerSchema<T>
  readonly signal?: AbortSignal | undefined
  readonly idleMs?: number
}

/**
 * Calls another service of the cluster with JSON over mutual TLS and keeps its connections. Fails with
 * `ServiceUnavailableError` or `ServiceRefusedError`; when the caller's signal aborts, with the signal's reason. A changed
 * certificate in `credentials` is used from the next call on.
 */
export class ApiClient {
  readonly #origin: string
  readonly #agent: ClusterAgent

  constructor(options: ApiClientOptions) {
    this.#origin = serviceOrigin(options.baseUrl)
    this.#agent = new ClusterAgent(this.#origin, options.credentials, options.serverRole)
  }

  /** Sends one request and reads its whole answer. */
  async call<T>({ method, path, body, response, signal, timeoutMs }: ApiCall<T>): Promise<T> {
    const call = `${method} ${path}`
    return this.#guard(call, signal, async () => {
      const { statusCode, text } = await this.#agent.current().calls.call({
        method,
        path,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
        timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      })
      if (statusCode >= 300) throw failureOf(call, statusCode, text)
      return parseAnswer(call, text, response)
    })
  }

  /** Opens a stream and gives its lines one by one; it ends when the server ends it. Leaving the loop closes it. */
  async *stream<T>({ path, schema, signal, idleMs }: ApiStream<T>): AsyncGenerator<T, void, undefined> {
    const call = `GET ${path}`
    const timeoutMs = idleMs ?? DEFAULT_STREAM_IDLE_MS
    const body = await this.#guard(call, signal, async () => {
      const answer = await this.#agent.current().streams.request({
        origin: this.#origin,
        method: 'GET',
        path,
        headers: { accept: 'application/json' },
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
      if (answer.statusCode < 300) return answer.body
      throw failureOf(call, answer.statusCode, await readText(answer.body, MAX_ANSWER_BYTES))
    })
    const lines = readLines(body, MAX_LINE_BYTES)
    try {
      for (;;) {
        const next = await this.#guard(call, signal, () => lines.next())
        if (next.done === true) return
        yield parseAnswer(call, next.value, schema)
      }
    } finally {
      await lines.return()
    }
  }

  /** Ends idle and busy connections; calls under way fail. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Turns whatever failed below into one of the errors of this client. */
  async #guard<T>(call: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ServiceRefusedError || error instanceof ServiceUnavailableError) throw error
      throw new ServiceUnavailableError(`${call} to ${this.#origin} failed: ${describeError(error)}`, error)
    }
  }
}
