/** Room for most messages; V8 allocates no more than this without a call of the allocator. */
const FIRST_ROOM_BYTES = 64

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
    if (size > this.remaining) {
      this.#overrun = true
      return 0
    }
    let value = 0
    for (const end = this.#offset + size; this.#offset < end; this.#offset++) {
      value = value * 256 + (this.#bytes[this.#offset] ?? 0)
    }
    return value
  }
}

/** Builds big-endian messages. A value that does not fit its field is a bug of the caller and throws `RangeError`. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_ROOM_BYTES)
  #length = 0

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

  /** Appends a copy of the bytes. */
  append(bytes: Uint8Array): this {
    this.#makeRoom(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Gives the whole message in memory of its own, and begins anew. */
  finish(): Uint8Array {
    const message = this.#bytes.slice(0, this.#length)
    // Messages carry keys and passwords.
    this.#bytes.fill(0, 0, this.#length)
    this.#length = 0
    return message
  }

  #integer(value: number, size: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** size) {
      throw new RangeError(`${String(value)} does not fit in ${String(size)} bytes`)
    }
    this.#makeRoom(size)
    for (let index = size - 1, rest = value; index >= 0; index--, rest = Math.floor(rest / 256))
      this.#bytes[this.#length + index] = rest % 256
    this.#length += size
    return this
  }

  #makeRoom(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes)
    this.#bytes.fill(0)
    this.#bytes = larger
  }
}

/** Copies parts into one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Compares bytes that are not secret; secrets need a constant-time comparison. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
