/** Things that are served in turn; adding, removing and taking the next are independent of how many there are. */
export class TurnList<Item> {
  readonly #items: { readonly key: number; readonly item: Item }[] = []
  readonly #places = new Map<number, number>()
  #cursor = 0

  get size(): number {
    return this.#items.length
  }

  get(key: number): Item | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#items[place]?.item
  }

  /** Adds an item; one with the same key is replaced. */
  set(key: number, item: Item): void {
    this.delete(key)
    this.#places.set(key, this.#items.length)
    this.#items.push({ key, item })
  }

  /** Removes the item with the key and gives it back. */
  delete(key: number): Item | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    const removed = this.#items[place]
    const last = this.#items.pop()
    if (last !== undefined && last.key !== key) {
      this.#items[place] = last
      this.#places.set(last.key, place)
    }
    this.#places.delete(key)
    return removed?.item
  }

  /** Whose turn it is; `undefined` when there is nobody. */
  next(): Item | undefined {
    if (this.#cursor >= this.#items.length) this.#cursor = 0
    return this.#items[this.#cursor++]?.item
  }

  *[Symbol.iterator](): Generator<Item> {
    for (const { item } of this.#items) yield item
  }
}
