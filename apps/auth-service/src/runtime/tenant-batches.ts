/** More would hold locks for too long. */
const MOST_TOGETHER = 32

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result | Promise<Result>) => void
  readonly reject: (error: unknown) => void
}

/** Does the work for several items of one tenant; each gets its own answer, in the same order. */
export type BatchWork<Item, Result> = (
  tenantId: string,
  items: readonly Item[],
) => Promise<readonly (Result | Promise<Result>)[]>

/**
 * Gathers what arrives for a tenant while its last batch is under way, and what arrives at the same moment, into one
 * batch: nothing waits for a timer, and tenants do not wait for each other.
 */
export class TenantBatches<Item, Result> {
  readonly #work: BatchWork<Item, Result>
  readonly #waiting = new Map<string, Waiting<Item, Result>[]>()

  constructor(work: BatchWork<Item, Result>) {
    this.#work = work
  }

  /** Adds an item to its tenant's next batch, and gives its answer; a batch that fails fails for all of its items. */
  add(tenantId: string, item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const entry = { item, resolve, reject }
    const waiting = this.#waiting.get(tenantId)
    if (waiting === undefined) {
      this.#waiting.set(tenantId, [entry])
      setImmediate(() => void this.#run(tenantId))
    } else {
      waiting.push(entry)
    }
    return promise
  }

  async #run(tenantId: string): Promise<void> {
    const waiting = this.#waiting.get(tenantId) ?? []
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MOST_TOGETHER)
      try {
        const items = batch.map(({ item }) => item)
        const results = await this.#work(tenantId, items)
        if (results.length !== batch.length) throw new RangeError('a batch was not answered item by item')
        for (const [index, result] of results.entries()) batch[index]?.resolve(result)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(tenantId)
  }
}
