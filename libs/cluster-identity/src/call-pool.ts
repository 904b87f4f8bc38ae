import { SallyportError } from '@sallyport/foundation'

import type { ServiceAnswer } from './answer-reader.ts'
import { CallConnection, type ServiceAddress } from './call-connection.ts'

/** One request: `body` is JSON text. */
export interface ServiceRequest {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
  /** From here to the whole answer. */
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

/** A call that nobody has an answer to yet. */
interface OpenCall {
  readonly request: ServiceRequest
  readonly resolve: (answer: ServiceAnswer) => void
  readonly reject: (reason: unknown) => void
  timer: NodeJS.Timeout | undefined
  connection: CallConnection | undefined
}

const MAX_CONNECTIONS = 32
const TARGET = /^\/[\x21-\x7e]*$/

/**
 * Makes calls to one service over connections that it keeps: HTTP/1.1 with one call at a time on each. For the thousands
 * of short calls between services, which a client for everything makes at several times the cost.
 */
export class CallPool {
  readonly #address: ServiceAddress
  readonly #hostField: string
  readonly #idle: CallConnection[] = []
  readonly #busy = new Map<CallConnection, OpenCall>()
  readonly #waiting: OpenCall[] = []
  /** Signals live long and are shared by many calls: each is listened to once. */
  readonly #bySignal = new WeakMap<AbortSignal, Set<OpenCall>>()
  #closing = false
  readonly #drained = Promise.withResolvers<undefined>()

  constructor(address: ServiceAddress) {
    this.#address = address
    const host = address.host.includes(':') ? `[${address.host}]` : address.host
    this.#hostField = `${host}:${String(address.port)}`
  }

  /** Sends one request and reads its answer. Fails with the signal's reason when that aborts. */
  call(request: ServiceRequest): Promise<ServiceAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<ServiceAnswer>()
    if (!TARGET.test(request.path)) throw new TypeError(`${JSON.stringify(request.path)} is not a path`)
    const call: OpenCall = { request, resolve, reject, timer: undefined, connection: undefined }
    if (request.signal?.aborted === true) {
      reject(request.signal.reason)
      return promise
    }
    this.#watch(call)
    this.#waiting.push(call)
    this.#serve()
    return promise
  }

  /** Ends every connection as soon as it is idle; resolves when no call is left. */
  async retire(): Promise<void> {
    this.#closing = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    this.#serve()
    await this.#drained.promise
  }

  /** Ends every connection; calls under way fail. */
  destroy(): void {
    void this.retire()
    for (const call of [...this.#busy.values(), ...this.#waiting]) this.#fail(call, new Error('the client is closed'))
  }

  #watch(call: OpenCall): void {
    const { signal, timeoutMs } = call.request
    call.timer = setTimeout(() => {
      this.#fail(call, new SallyportError('timeout', `no answer within ${String(timeoutMs)} ms`))
    }, timeoutMs)
    if (signal === undefined) return
    const calls = this.#bySignal.get(signal) ?? this.#listenTo(signal)
    calls.add(call)
  }

  #listenTo(signal: AbortSignal): Set<OpenCall> {
    const calls = new Set<OpenCall>()
    this.#bySignal.set(signal, calls)
    const abort = (): void => {
      for (const call of [...calls]) this.#fail(call, signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    return calls
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#takeConnection()
      const call = connection === undefined ? undefined : this.#waiting.shift()
      if (connection === undefined || call === undefined) return
      call.connection = connection
      this.#busy.set(connection, call)
      connection.send(this.#textOf(call.request), call.request.maxAnswerBytes)
    }
    if (this.#closing && this.#busy.size === 0) this.#drained.resolve(undefined)
  }

  #takeConnection(): CallConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isGood) return idle
      idle.destroy()
    }
    return this.#busy.size < MAX_CONNECTIONS ? this.#open() : undefined
  }

  #open(): CallConnection {
    const connection: CallConnection = new CallConnection(this.#address, {
      answered: (answer) => {
        this.#answer(connection, answer)
      },
      closed: (error) => {
        this.#lose(connection, error ?? new Error('the connection was closed before the answer'))
      },
    })
    return connection
  }

  #answer(connection: CallConnection, answer: ServiceAnswer): void {
    const call = this.#busy.get(connection)
    this.#busy.delete(connection)
    if (this.#closing || !connection.isGood) connection.destroy()
    else this.#idle.push(connection)
    if (call !== undefined) this.#forget(call)
    call?.resolve(answer)
    this.#serve()
  }

  #lose(connection: CallConnection, error: Error): void {
    const idle = this.#idle.indexOf(connection)
    if (idle !== -1) this.#idle.splice(idle, 1)
    const call = this.#busy.get(connection)
    this.#busy.delete(connection)
    if (call !== undefined) this.#fail(call, error)
    this.#serve()
  }

  /** Gives a call up, with its connection, on which its answer could still come. */
  #fail(call: OpenCall, reason: unknown): void {
    const waiting = this.#waiting.indexOf(call)
    if (waiting !== -1) this.#waiting.splice(waiting, 1)
    this.#forget(call)
    call.reject(reason)
    call.connection?.destroy()
  }

  #forget(call: OpenCall): void {
    clearTimeout(call.timer)
    const { signal } = call.request
    if (signal !== undefined) this.#bySignal.get(signal)?.delete(call)
  }

  #textOf({ method, path, body }: ServiceRequest): string {
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#hostField}\r\naccept: application/json\r\n`
    if (body === undefined) return method === 'GET' ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`
    const length = String(Buffer.byteLength(body))
    return `${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`
  }
}
