/**
 * Holds the ids of a stream's packets to their order: nothing is lost or overtaken on a stream, so each id is the one
 * after the last, or the first one of a later time. Only call `accept` after the packet proved authentic.
 */
export class StrictOrder {
  #last: { readonly id: number; readonly timeSeconds: number } | undefined

  /** Takes the id whose turn it is; the first one may be any but zero. */
  accept(id: number, timeSeconds: number): boolean {
    if (id === 0 || !this.#isNext(id, timeSeconds)) return false
    this.#last = { id, timeSeconds }
    return true
  }

  #isNext(id: number, timeSeconds: number): boolean {
    if (this.#last === undefined) return true
    if (timeSeconds === this.#last.timeSeconds) return id === this.#last.id + 1
    return timeSeconds > this.#last.timeSeconds && id === 1
  }
}
