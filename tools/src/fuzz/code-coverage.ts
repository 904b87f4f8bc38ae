import { Session } from 'node:inspector/promises'

/**
 * Watches which code of the libraries runs, by V8's block coverage of this process. `start` comes before the first run
 * of what is watched.
 */
export class CodeCoverage implements AsyncDisposable {
  readonly #session = new Session()
  /** For each script one byte a character, 1 where it is known to have run. */
  readonly #batches = new Map<string, Uint8Array>()
  readonly #runs = new Map<string, Uint8Array>()
  readonly #watches: (url: string) => boolean

  constructor(watches: (url: string) => boolean) {
    this.#watches = watches
  }

  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Says whether a batch of runs reached code that no batch before reached. */
  newInBatch(): Promise<boolean> {
    return this.#noteNew(this.#batches)
  }

  /** Says whether a single run reached code that no single run before reached. */
  newInRun(): Promise<boolean> {
    return this.#noteNew(this.#runs)
  }

  async #noteNew(known: Map<string, Uint8Array>): Promise<boolean> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    let fresh = false
    for (const { url, functions } of result) {
      if (!this.#watches(url)) continue
      const ran = executed(functions.flatMap(({ ranges }) => ranges))
      const covered = known.get(url) ?? new Uint8Array(0)
      if (!ran.some((byte, offset) => byte === 1 && covered[offset] !== 1)) continue
      fresh = true
      known.set(url, union(ran, covered))
    }
    return fresh
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }
}

/** One byte for each character, 1 where it ran. Ranges come from the outside in, and an inner one knows better. */
function executed(ranges: readonly { startOffset: number; endOffset: number; count: number }[]): Uint8Array {
  const ran = new Uint8Array(ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), 0))
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  return ran
}

function union(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(Math.max(one.length, other.length))
  both.set(other)
  for (const [offset, byte] of one.entries()) if (byte === 1) both[offset] = 1
  return both
}
