/**
 * Reads big-endian fields from bytes that nobody has checked yet. A read beyond the end gives zero or an empty array
 * and sets `overrun` for good, so a parser reads all its fields and checks `overrun` once before it believes any.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0
  #overrun = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** True once any read asked for more than there was. */
  get overrun(): boolean {
    return this.#overrun
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset
  }

  u8(): number {
    return this.#integer(1)
  }

  u16(): number {
    return this.#integer(2)
  }

  u24(): number {
    return this.#integer(3)
  }

  u32(): number {
    return this.#integer(4)
  }

  /** Gives a view of the next `length` bytes; it shares memory with the input. */
  take(length: number): Uint8Array {
    if (length > this.remaining) {
      this.#overrun = true
      return new Uint8Array(0)
    }
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  /** Gives a view of everything that is left; it shares memory with the input. */
  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  #integer(size: number): number {
    let value = 0
    for (const byte of this.take(size)) value = value * 256 + byte
    return value
  }
}

/** Builds big-endian messages. A value that does not fit its field is a bug of the caller and throws `RangeError`. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = []

  u8(value: number): this {
    return this.#integer(value, 1)
  }

  u16(value: number): this {
    return this.#integer(value, 2)
  }

  u24(value: number): this {
    return this.#integer(value, 3)
  }

  u32(value: number): this {
    return this.#integer(value, 4)
  }

  /** Appends bytes; they are copied by `finish`, so they must not change before. */
  append(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    return this
  }

  /** Gives the whole message in memory of its own. */
  finish(): Uint8Array {
    return concatBytes(this.#parts)
  }

  #integer(value: number, size: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** size) {
      throw new RangeError(`${String(value)} does not fit in ${String(size)} bytes`)
    }
    const bytes = new Uint8Array(size)
    for (let index = size - 1, rest = value; index >= 0; index--, rest = Math.floor(rest / 256))
      bytes[index] = rest % 256
    return this.append(bytes)
  }
}

/** Copies parts into one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Compares bytes that are not secret; secrets need a constant-time comparison. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
