import { FACTOR_METHODS, type FactorMethod } from '../policy.ts'

const UNIT_MS = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/**
 * The words of a cell of the policy table, `name` or `name=value`. Each is taken once, and a cell with words that nobody
 * took is wrong.
 */
export class Words {
  readonly #cell: string
  readonly #values = new Map<string, string>()
  readonly #named = new Set<string>()

  constructor(cell: string) {
    this.#cell = cell
    for (const word of cell.replaceAll('`', '').split(/\s+/)) {
      if (word === '' || word === '–') continue
      const [name = '', value = ''] = word.split(/=(.*)/s)
      if (this.#values.has(name)) throw new Error(`«${name}» stands twice in «${cell}»`)
      this.#values.set(name, value)
      this.#named.add(name)
    }
  }

  /** Every word's name. */
  get names(): readonly string[] {
    return [...this.#named]
  }

  has(name: string): boolean {
    return this.#values.delete(name)
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    this.#values.delete(name)
    return value
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (!/^\d+$/.test(text)) throw new Error(`«${name}» is not a number in «${this.#cell}»`)
    return Number(text)
  }

  /** `90s`, `30m`, `8h`, `7d`, with a sign before it or without. */
  durationMs(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : durationMs(text)
  }

  methods(name: string): FactorMethod[] | undefined {
    return this.text(name)?.split(',').map(methodOf)
  }

  /** Throws for words that are left. */
  end(): void {
    if (this.#values.size > 0) throw new Error(`unknown in «${this.#cell}»: ${[...this.#values.keys()].join(' ')}`)
  }
}

/** Reads a duration. */
export function durationMs(text: string): number {
  const [, sign, digits, unit = ''] = /^(-?)(\d+)([smhd])$/.exec(text) ?? []
  const unitMs = UNIT_MS.get(unit)
  if (unitMs === undefined) throw new Error(`«${text}» is not a duration`)
  return (sign === '-' ? -1 : 1) * Number(digits) * unitMs
}

/** Reads the name of a method. */
export function methodOf(text: string): FactorMethod {
  const method = FACTOR_METHODS.find((known) => known === text)
  if (method === undefined) throw new Error(`«${text}» is not a method`)
  return method
}
