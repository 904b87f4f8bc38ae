import { isIP, type OnReadOpts } from 'node:net'
import { connect, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls'

import { AnswerReader, type ServiceAnswer } from './answer-reader.ts'

/** Whom to connect to, and how to know it. */
export interface ServiceAddress {
  readonly host: string
  readonly port: number
  readonly secureContext: SecureContext
  readonly checkServerIdentity: NonNullable<ConnectionOptions['checkServerIdentity']>
}

/** What a connection tells its owner; `closed` is the last. */
export interface CallConnectionEvents {
  answered(answer: ServiceAnswer): void
  /** With what went wrong, when anything did. */
  closed(error: Error | undefined): void
}

const READ_BUFFER_BYTES = 16_384
/** The connection is not used any more so long before the server gives it up. */
const KEEP_ALIVE_MARGIN_MS = 1_000
const DEFAULT_KEEP_ALIVE_MS = 4_000

/** One connection for calls, one at a time. An idle one does not keep the process alive. */
export class CallConnection {
  readonly #socket: TLSSocket
  readonly #events: CallConnectionEvents
  #reader: AnswerReader | undefined
  #request: string | undefined
  /** The server has proved who it is. */
  #isSecure = false
  #error: Error | undefined
  #goodUntilMs = Infinity

  constructor({ host, port, secureContext, checkServerIdentity }: ServiceAddress, events: CallConnectionEvents) {
    this.#events = events
    // Every connection has a buffer of its own for as long as it lives: streams cost more than all the rest of a call.
    const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
      host,
      port,
      secureContext,
      checkServerIdentity,
      rejectUnauthorized: true,
      onread: { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback: this.#read.bind(this) },
      ...(isIP(host) === 0 ? { servername: host } : {}),
    }
    this.#socket = connect(options)
    this.#socket.setNoDelay(true).unref()
    this.#socket.on('secureConnect', () => {
      this.#isSecure = true
      this.#write()
    })
    this.#socket.on('error', (error) => {
      this.#error ??= error
    })
    this.#socket.on('close', () => {
      events.closed(this.#error)
    })
  }

  /** Whether the server can be trusted to take another call. */
  get isGood(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && Date.now() < this.#goodUntilMs
  }

  /** Sends a request, as text of HTTP/1.1; the one before must be answered. */
  send(request: string, maxAnswerBytes: number): void {
    this.#reader = new AnswerReader(maxAnswerBytes)
    this.#request = request
    if (this.#isSecure) this.#write()
  }

  /** Ends at once; `closed` follows. */
  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  #write(): void {
    if (this.#request !== undefined) this.#socket.write(this.#request)
    this.#request = undefined
  }

  #read(length: number, buffer: Uint8Array): boolean {
    try {
      const answer = this.#reader?.take(Buffer.from(buffer.buffer, buffer.byteOffset, length))
      if (this.#reader === undefined) throw new TypeError('the server speaks without being asked')
      if (answer !== undefined) this.#finish(answer)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new TypeError(String(error)))
    }
    return true
  }

  #finish(answer: ServiceAnswer): void {
    this.#reader = undefined
    const keepAliveMs = (answer.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS) - KEEP_ALIVE_MARGIN_MS
    this.#goodUntilMs = answer.isLast ? 0 : Date.now() + keepAliveMs
    this.#events.answered(answer)
  }
}
