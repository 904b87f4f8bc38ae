const PRINTED = '[secret]'

/** Holds a value that must never be printed: logs, errors and JSON show `[secret]`. Only `reveal` gives it out. */
export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** Gives the value to the one place that needs it; do not store the result. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return PRINTED
  }

  toJSON(): string {
    return PRINTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return PRINTED
  }
}
