import { Buffer } from 'node:buffer'

import type { SessionId } from '@sallyport/openvpn-wire'

import type { ClientIdentity } from '../actions.ts'
import type { RemoteAddress } from '../remote-address.ts'
import { type Rate, TokenBuckets } from './token-buckets.ts'

const MAX_KEYS = 1024
const LIFETIME_MS = 60_000
/** At this rate a key stays for at least ten seconds, whoever fills the memory. */
const RATE: Rate = { perSecond: 100, burst: 200 }

/** A client's key that was found in its wrapped key. */
export interface RememberedKey {
  /** 256 bytes; belongs to the memory, which wipes it. */
  readonly key: Uint8Array
  readonly identity: ClientIdentity
}

interface Entry extends RememberedKey {
  readonly untilMs: number
}

/**
 * Remembers the keys of clients that send their wrapped key only once (OpenVPN 2.5, openvpn3 before 3.8), from their
 * reset to the packet that shows the cookie. It is the only thing kept of a client that has not proved its address, so
 * it is bounded in number, in time and in how fast it can be filled; the oldest key makes way.
 */
export class WrappedKeyMemory {
  readonly #entries = new Map<string, Entry>()
  readonly #rate = new TokenBuckets(1, RATE)

  /** How many keys are kept. */
  get size(): number {
    return this.#entries.size
  }

  /** Keeps a copy of a client's key; false when too many came in a short time. */
  remember(remote: RemoteAddress, sessionId: SessionId, { key, identity }: RememberedKey, nowMs: number): boolean {
    this.#forgetExpired(nowMs)
    if (!this.#rate.has(0, 1, nowMs)) return false
    this.#rate.take(0, 1, nowMs)
    const name = nameOf(remote, sessionId)
    this.#forget(name)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size >= MAX_KEYS && oldest !== undefined) this.#forget(oldest)
    this.#entries.set(name, { key: Uint8Array.from(key), identity, untilMs: nowMs + LIFETIME_MS })
    return true
  }

  /** Finds a client's key. */
  find(remote: RemoteAddress, sessionId: SessionId, nowMs: number): RememberedKey | undefined {
    if (this.#entries.size === 0) return undefined
    this.#forgetExpired(nowMs)
    return this.#entries.get(nameOf(remote, sessionId))
  }

  #forgetExpired(nowMs: number): void {
    for (const [name, { untilMs }] of this.#entries) {
      if (untilMs > nowMs) return
      this.#forget(name)
    }
  }

  #forget(name: string): void {
    this.#entries.get(name)?.key.fill(0)
    this.#entries.delete(name)
  }
}

function nameOf({ transport, localPort, address, port }: RemoteAddress, sessionId: SessionId): string {
  return `${transport}|${String(localPort)}|${address}|${String(port)}|${Buffer.from(sessionId).toString('hex')}`
}
