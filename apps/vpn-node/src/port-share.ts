import { connect, Socket } from 'node:net'

import type { ForeignStream } from '@sallyport/packet-engine'
import type { ReasonCounter } from '@sallyport/telemetry'

/** Streams passed on at once; each needs two descriptors. */
export const MAX_SHARED_STREAMS = 1024
/** Longer than the keep-alive of web servers and browsers, who end their connections themselves. */
const IDLE_MS = 5 * 60_000

/** What became of TCP streams that are not OpenVPN's. */
export const SHARED_STREAM_OUTCOMES = ['passed-on', 'too-many', 'unreachable'] as const
export type SharedStreamOutcome = (typeof SHARED_STREAM_OUTCOMES)[number]

/** Where foreign streams are passed on to, and their bounds. */
export interface PortShareOptions {
  readonly host: string
  readonly port: number
  readonly maxStreams?: number
  readonly idleMs?: number
}

/**
 * Passes TCP streams that are not OpenVPN's on to another server, so that a port can serve both. What the engine has
 * read already goes first; each side may end its half while the other still sends.
 */
export class PortShare implements Disposable {
  readonly #options: Required<PortShareOptions>
  readonly #outcomes: Pick<ReasonCounter<SharedStreamOutcome>, 'increment'>
  readonly #clients = new Set<Socket>()

  constructor(options: PortShareOptions, outcomes: Pick<ReasonCounter<SharedStreamOutcome>, 'increment'>) {
    this.#options = { maxStreams: MAX_SHARED_STREAMS, idleMs: IDLE_MS, ...options }
    this.#outcomes = outcomes
  }

  /** Streams that are passed on now. */
  get streamCount(): number {
    return this.#clients.size
  }

  /** Takes over the descriptor, whatever becomes of the stream. */
  accept({ fd, bytes }: Pick<ForeignStream, 'fd' | 'bytes'>): void {
    this.passOn(new Socket({ fd, allowHalfOpen: true, readable: true, writable: true }), bytes)
  }

  /** Takes over a client's socket, which must allow half-open, after `bytes` were read from it. */
  passOn(client: Socket, bytes: Uint8Array): void {
    if (this.#clients.size >= this.#options.maxStreams) {
      this.#outcomes.increment('too-many')
      client.on('error', () => undefined).destroy()
      return
    }
    this.#clients.add(client)
    client.on('close', () => this.#clients.delete(client))
    const { host, port } = this.#options
    const server = connect({ host, port, allowHalfOpen: true })
    this.#join(client, server)
    server.write(bytes)
    client.pipe(server)
    server.pipe(client)
  }

  /** Either side's failure or silence ends both; an orderly end goes through the pipes, after everything was sent. */
  #join(client: Socket, server: Socket): void {
    let outcome: SharedStreamOutcome = 'unreachable'
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    server.on('connect', () => (outcome = 'passed-on'))
    server.on('close', () => {
      this.#outcomes.increment(outcome)
    })
    for (const socket of [client, server]) socket.setTimeout(this.#options.idleMs, end).on('error', end)
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.destroy()
  }
}
