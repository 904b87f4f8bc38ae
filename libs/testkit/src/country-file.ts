const RECORD_BYTES = 3
const IPV4_PREFIX_BITS = 96
/** Between the search tree and the data, and counted into every pointer from one to the other. */
const SEPARATOR = Buffer.alloc(16)
const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
const TYPE = { text: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11 } as const

type Value =
  string | readonly Value[] | { readonly [key: string]: Value } | { readonly bytes: 2 | 4 | 8; readonly number: number }

/**
 * Makes a database of countries (MaxMind DB File Format Specification v2.0) with an IPv6 tree and records of 24 bits, in
 * which IPv4 blocks lie below `::/96`. Blocks are given as `192.0.2.0/24` or `2001:db8::/32`, countries as ISO 3166-1
 * alpha-2; a later block that lies in an earlier one replaces that part of it.
 */
export function countryFile(countries: Readonly<Record<string, string>>): Buffer {
  const data: Buffer[] = []
  let size = 0
  const tree = new Tree()
  for (const [block, country] of Object.entries(countries)) {
    tree.add(bitsOf(block), size)
    data.push(encode({ country: { iso_code: country } }))
    size += data.at(-1)?.length ?? 0
  }
  const metadata = encode({
    node_count: { bytes: 4, number: tree.nodeCount },
    record_size: { bytes: 2, number: RECORD_BYTES * 8 },
    ip_version: { bytes: 2, number: 6 },
    database_type: 'Test-Country',
    languages: ['en'],
    binary_format_major_version: { bytes: 2, number: 2 },
    binary_format_minor_version: { bytes: 2, number: 0 },
    build_epoch: { bytes: 8, number: 1_767_225_600 },
    description: { en: 'Countries of test addresses' },
  })
  return Buffer.concat([tree.encode(), SEPARATOR, ...data, METADATA_MARKER, metadata])
}

/** What a bit leads to: another node, data at this offset, or nothing. */
type Step = { readonly node: number } | { readonly data: number } | undefined

class Tree {
  readonly #nodes: [Step, Step][] = [[undefined, undefined]]

  get nodeCount(): number {
    return this.#nodes.length
  }

  add(bits: readonly (0 | 1)[], data: number): void {
    let node = 0
    for (const bit of bits.slice(0, -1)) node = this.#below(node, bit)
    const last = bits.at(-1)
    const found = this.#nodes[node]
    if (found !== undefined && last !== undefined) found[last] = { data }
  }

  /** Goes on to the next node, which takes over what was known of all addresses below it. */
  #below(node: number, bit: 0 | 1): number {
    const step = this.#nodes[node]?.[bit]
    if (step !== undefined && 'node' in step) return step.node
    const next = this.#nodes.push([step, step]) - 1
    const found = this.#nodes[node]
    if (found !== undefined) found[bit] = { node: next }
    return next
  }

  encode(): Buffer {
    const encoded = Buffer.alloc(this.#nodes.length * RECORD_BYTES * 2)
    for (const [index, step] of this.#nodes.flat().entries()) {
      encoded.writeUIntBE(this.#recordOf(step), index * RECORD_BYTES, RECORD_BYTES)
    }
    return encoded
  }

  #recordOf(step: Step): number {
    if (step === undefined) return this.nodeCount
    return 'node' in step ? step.node : this.nodeCount + SEPARATOR.length + step.data
  }
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([control(TYPE.text, text.length), text])
  }
  if (isArray(value)) return Buffer.concat([control(TYPE.array, value.length), ...value.map((part) => encode(part))])
  if (isNumber(value)) {
    const type = value.bytes === 2 ? TYPE.uint16 : value.bytes === 4 ? TYPE.uint32 : TYPE.uint64
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(value.number))
    return Buffer.concat([control(type, value.bytes), number.subarray(8 - value.bytes)])
  }
  const entries = Object.entries(value)
  const parts = entries.flatMap(([key, part]) => [encode(key), encode(part)])
  return Buffer.concat([control(TYPE.map, entries.length), ...parts])
}

function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function isNumber(value: Value): value is { readonly bytes: 2 | 4 | 8; readonly number: number } {
  return typeof value === 'object' && 'bytes' in value
}

/** Type and size of what follows; types above 7 have a byte of their own. */
function control(type: number, size: number): Buffer {
  if (size >= 29) throw new RangeError('longer than this file needs')
  return type <= 7 ? Buffer.from([(type << 5) | size]) : Buffer.from([size, type - 7])
}

function bitsOf(block: string): (0 | 1)[] {
  const [address = '', length = ''] = block.split('/')
  const isIpv6 = address.includes(':')
  const bytes = isIpv6 ? ipv6Bytes(address) : [...Buffer.alloc(12), ...address.split('.').map(Number)]
  const bits = bytes.flatMap((byte) => Array.from({ length: 8 }, (_, place) => ((byte >> (7 - place)) & 1 ? 1 : 0)))
  return bits.slice(0, Number(length) + (isIpv6 ? 0 : IPV4_PREFIX_BITS))
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail = ''] = address.split('::')
  const groupsOf = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)))
  const [first, last] = [groupsOf(head), groupsOf(tail)]
  const groups = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last]
  return groups.flatMap((group) => [group >> 8, group & 0xff])
}
