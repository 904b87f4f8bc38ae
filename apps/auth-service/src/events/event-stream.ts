import { PassThrough, type Readable } from 'node:stream'

import type { Topic } from './topics.ts'

/** A browser waits so long before it connects again; one whose stream had to make room for another waits longer. */
const RETRY_MS = 2000
const DISPLACED_RETRY_MS = 60_000
/** A reader who does not read is cut off; it comes again and looks at everything anew. */
const MAX_WAITING_BYTES = 16 * 1024

/** Why a stream ends. */
export type StreamEnd = 'session-ended' | 'displaced' | 'shutdown'

/** One stream of server-sent events (HTML Standard §9.2). It gathers what changed until it is flushed. */
export class EventStream {
  readonly #stream = new PassThrough()
  readonly #pending = new Set<Topic>()
  #allowed: ReadonlySet<Topic>

  constructor(allowed: ReadonlySet<Topic>, closed: () => void) {
    this.#allowed = allowed
    this.#stream.once('close', closed)
    this.#write(`retry: ${String(RETRY_MS)}\n\n`)
  }

  /** What is sent. */
  get readable(): Readable {
    return this.#stream
  }

  /** Says what the reader may hear about from now on. */
  set allowed(topics: ReadonlySet<Topic>) {
    this.#allowed = topics
  }

  /** Notes what changed, as far as the reader may know. */
  note(topics: Iterable<Topic>): void {
    for (const topic of topics) if (this.#allowed.has(topic)) this.#pending.add(topic)
  }

  /** Sends what was noted since the last time. */
  flush(): void {
    if (this.#pending.size === 0) return
    const topics = [...this.#pending].filter((topic) => this.#allowed.has(topic))
    this.#pending.clear()
    if (topics.length > 0) this.#write(`event: changed\ndata: ${JSON.stringify({ topics })}\n\n`)
  }

  /** Sends a comment, so that proxies keep the connection and a reader that is gone is noticed. */
  beat(): void {
    this.#write(':\n\n')
  }

  end(why: StreamEnd): void {
    if (why === 'session-ended') this.#write('event: session-ended\ndata: {}\n\n')
    if (why === 'displaced') this.#write(`retry: ${String(DISPLACED_RETRY_MS)}\n\n`)
    if (why === 'shutdown') this.#stream.destroy()
    else this.#stream.end()
  }

  #write(text: string): void {
    if (!this.#stream.writable) return
    const waitingBytes = this.#stream.writableLength + this.#stream.readableLength
    if (waitingBytes + text.length > MAX_WAITING_BYTES) this.#stream.destroy()
    else this.#stream.write(text)
  }
}
