/** What `encodeCbor` writes: the part of CBOR (RFC 8949) that WebAuthn needs. */
export type CborValue = number | string | Uint8Array | readonly CborValue[] | ReadonlyMap<number | string, CborValue>

const MAJOR_UNSIGNED = 0
const MAJOR_NEGATIVE = 1
const MAJOR_BYTES = 2
const MAJOR_TEXT = 3
const MAJOR_LIST = 4
const MAJOR_MAP = 5

/** Writes a value in CBOR, with maps in the order in which they are given; numbers are whole and below 2^16. */
export function encodeCbor(value: CborValue): Buffer {
  if (typeof value === 'number') return value < 0 ? head(MAJOR_NEGATIVE, -1 - value) : head(MAJOR_UNSIGNED, value)
  if (typeof value === 'string') return Buffer.concat([head(MAJOR_TEXT, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(MAJOR_BYTES, value.length), value])
  if (isList(value)) return Buffer.concat([head(MAJOR_LIST, value.length), ...value.map(encodeCbor)])
  const entries = [...value].flatMap(([key, entry]) => [encodeCbor(key), encodeCbor(entry)])
  return Buffer.concat([head(MAJOR_MAP, value.size), ...entries])
}

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}

/** RFC 8949 §3: the length or number is in the first byte, or in one or two that follow. */
function head(major: number, argument: number): Buffer {
  const type = major << 5
  if (argument < 24) return Buffer.from([type | argument])
  if (argument < 0x100) return Buffer.from([type | 24, argument])
  if (argument >= 0x10000) throw new RangeError('too great for this encoder')
  return Buffer.from([type | 25, argument >> 8, argument & 0xff])
}
