import { readFileSync } from 'node:fs'

/** One case of a vector file: named fields, each a number, a list of numbers, or text that may be hex. */
export class Vector {
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields
  }

  /** Says whether a field is there. */
  has(field: string): boolean {
    return field in this.#fields
  }

  text(field: string): string {
    const value = this.#fields[field]
    if (typeof value !== 'string') throw new TypeError(`the vector has no text «${field}»`)
    return value
  }

  /** Bytes given as hex; blanks between them are for the reader. */
  bytes(field: string): Uint8Array {
    const hex = this.text(field).replaceAll(' ', '')
    if (!/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError(`the field «${field}» is not hex`)
    return Uint8Array.from(Buffer.from(hex, 'hex'))
  }

  number(field: string): number {
    const value = this.#fields[field]
    if (typeof value !== 'number') throw new TypeError(`the vector has no number «${field}»`)
    return value
  }

  numbers(field: string): readonly number[] {
    const value = this.#fields[field]
    if (!Array.isArray(value)) throw new TypeError(`the vector has no list «${field}»`)
    return value.map(Number)
  }
}

/** Reads the cases of one file in `test/vectors`, by their names; a file without any fails the test. */
export function readVectors(name: string): ReadonlyMap<string, Vector> {
  const file = new URL(`../../../test/vectors/${name}.json`, import.meta.url)
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const cases = isRecord(content) && isRecord(content['cases']) ? content['cases'] : {}
  const vectors = Object.entries(cases).flatMap(([title, fields]): [string, Vector][] =>
    isRecord(fields) ? [[title, new Vector(fields)]] : [],
  )
  if (vectors.length === 0) throw new TypeError(`there are no vectors in ${name}`)
  return new Map(vectors)
}

/** Gives one case; a missing one fails the test that asks for it. */
export function vector(cases: ReadonlyMap<string, Vector>, title: string): Vector {
  const found = cases.get(title)
  if (found === undefined) throw new TypeError(`there is no vector «${title}»`)
  return found
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
