import { runHostCommand } from '@sallyport/packet-engine'

import type { TunnelTerms } from '../client/tunnel-terms.ts'

/** As the server's side has it; a shorter MTU would be the client's own. */
const MTU = 1500
const TRANSMIT_QUEUE_PACKETS = 1000
/** Routing tables are numbered from here by the index of the device; their rules stand before the main table's. */
const FIRST_TABLE = 7_711_000
const RULE_PRIORITY = 7711
/** Addresses that came together are added by one command. */
const GATHER_MS = 100

type Family = 4 | 6
const FAMILIES = [4, 6] as const

/**
 * The TUN device that all clients of a run share, which the engine has made. Each inner address is local, so that any
 * program can bind to it; what is sent from one goes into the device, by rules for the blocks that the addresses are
 * of, and nothing else of the machine's routing changes. The rules are taken away at the end, the rest goes with the
 * device.
 */
export class TunnelDevice implements AsyncDisposable {
  readonly #name: string
  readonly #table: string
  readonly #onError: (error: unknown) => void
  readonly #known = new Set<string>()
  readonly #undo: Record<Family, string[]> = { 4: [], 6: [] }
  #waiting: Record<Family, string[]> = { 4: [], 6: [] }
  #timer: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()

  private constructor(name: string, table: string, onError: (error: unknown) => void) {
    this.#name = name
    this.#table = table
    this.#onError = onError
  }

  /** Sets the device up; throws `HostCommandError`. Later failures go to `onError`. */
  static async configure(name: string, onError: (error: unknown) => void): Promise<TunnelDevice> {
    // Not from /sys, which may show another network namespace.
    const [digits] = (await runHostCommand(['ip', '-oneline', 'link', 'show', 'dev', name])).split(':')
    await runBatch(4, [
      `link set dev ${name} mtu ${String(MTU)} txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)} addrgenmode none`,
      `link set dev ${name} up`,
    ])
    return new TunnelDevice(name, String(FIRST_TABLE + Number(digits)), onError)
  }

  /** Makes the addresses of a tunnel usable; `settled` says when they are. */
  add({ ipv4, ipv6, blocks }: TunnelTerms): void {
    for (const block of blocks) this.#addBlock(block)
    for (const address of [ipv4, ipv6]) if (address !== undefined) this.#addAddress(address)
  }

  /** Waits until every address that was added can be used. */
  async settled(): Promise<void> {
    this.#flush()
    await this.#work
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled()
    for (const family of FAMILIES) await runBatch(family, this.#undo[family]).catch(this.#onError)
  }

  #addBlock(block: string): void {
    if (!this.#isNew(block)) return
    const family = familyOf(block)
    const rule = `from ${block} lookup ${this.#table} priority ${String(RULE_PRIORITY)}`
    this.#plan(family, `route replace default dev ${this.#name} table ${this.#table}`)
    this.#plan(family, `rule add ${rule}`)
    this.#undo[family].push(`rule delete ${rule}`)
  }

  #addAddress(address: string): void {
    if (!this.#isNew(address)) return
    this.#plan(familyOf(address), `route replace local ${address} dev ${this.#name} table local`)
  }

  #isNew(what: string): boolean {
    const isNew = !this.#known.has(what)
    this.#known.add(what)
    return isNew
  }

  #plan(family: Family, line: string): void {
    this.#waiting[family].push(line)
    this.#timer ??= setTimeout(this.#flush.bind(this), GATHER_MS)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = { 4: [], 6: [] }
    for (const family of FAMILIES) {
      this.#work = this.#work.then(() => runBatch(family, waiting[family])).catch(this.#onError)
    }
  }
}

async function runBatch(family: Family, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runHostCommand(['ip', `-${String(family)}`, '-batch', '-'], `${lines.join('\n')}\n`)
}

function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4
}
