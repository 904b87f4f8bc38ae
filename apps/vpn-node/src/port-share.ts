import { connect, Socket } from 'node:net'

import { parseAddress } from '@sallyport/ip-network'
import type { ForeignStream } from '@sallyport/packet-engine'
import type { ReasonCounter } from '@sallyport/telemetry'

/** Streams passed on at once; each needs two descriptors. */
export const MAX_SHARED_STREAMS = 1024
/** From one IPv4 address or IPv6 /64; browsers of an office behind one address open few each. */
const MAX_STREAMS_PER_SOURCE = 64
/** Longer than the keep-alive of web servers and browsers, who end their connections themselves. */
const IDLE_MS = 5 * 60_000
/** How long a client may take to end its half once the server has ended and everything was sent on. */
const LINGER_MS = 5_000

const IPV4_MAPPED = 0xffffn

/** What became of TCP streams that are not OpenVPN's. */
export const SHARED_STREAM_OUTCOMES = ['passed-on', 'too-many', 'unreachable'] as const
export type SharedStreamOutcome = (typeof SHARED_STREAM_OUTCOMES)[number]

/** Where foreign streams are passed on to, and their bounds. */
export interface PortShareOptions {
  readonly host: string
  readonly port: number
  readonly maxStreams?: number
  readonly maxStreamsPerSource?: number
  readonly idleMs?: number
  readonly lingerMs?: number
}

/**
 * Passes TCP streams that are not OpenVPN's on to another server, so that a port can serve both. What the engine has
 * read already goes first; each side may end its half while the other still sends.
 */
export class PortShare implements Disposable {
  readonly #options: Required<PortShareOptions>
  readonly #outcomes: Pick<ReasonCounter<SharedStreamOutcome>, 'increment'>
  /** With the source that each counts for. */
  readonly #clients = new Map<Socket, string>()

  constructor(options: PortShareOptions, outcomes: Pick<ReasonCounter<SharedStreamOutcome>, 'increment'>) {
    const bounds = { maxStreams: MAX_SHARED_STREAMS, maxStreamsPerSource: MAX_STREAMS_PER_SOURCE }
    this.#options = { ...bounds, idleMs: IDLE_MS, lingerMs: LINGER_MS, ...options }
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
    const source = sourceOf(client.remoteAddress ?? '')
    if (!this.#hasRoomFor(source)) {
      this.#outcomes.increment('too-many')
      client.on('error', () => undefined).destroy()
      return
    }
    this.#clients.set(client, source)
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
    // Whoever goes on sending is not idle, and need not end its half.
    client.on('finish', () => setTimeout(end, this.#options.lingerMs).unref())
  }

  #hasRoomFor(source: string): boolean {
    const { maxStreams, maxStreamsPerSource } = this.#options
    let ofSource = 0
    for (const other of this.#clients.values()) if (other === source) ofSource += 1
    return this.#clients.size < maxStreams && ofSource < maxStreamsPerSource
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.keys()) client.destroy()
  }
}

/** RFC 4291 §2.5.4: one IPv6 subscriber has at least 64 bits of addresses to choose from. */
function sourceOf(remoteAddress: string): string {
  const address = parseAddress(remoteAddress)
  if (address?.family !== 6 || address.value >> 32n === IPV4_MAPPED) return remoteAddress
  return String(address.value >> 64n)
}
