interface Waiting {
  readonly condition: () => boolean
  readonly resolve: () => void
}

/** The one timer of a run: calls its work at a steady pace and ends whoever waits for a condition when it holds. */
export class Ticker implements Disposable {
  readonly #timer: NodeJS.Timeout
  #waiting: Waiting[] = []

  constructor(everyMs: number, work: () => void) {
    this.#timer = setInterval(() => {
      work()
      this.#check()
    }, everyMs)
  }

  /** Waits until the condition holds; it is looked at after each turn of the work. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ condition, resolve })
    })
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ condition, resolve }) => {
      if (!condition()) return true
      resolve()
      return false
    })
  }
}
