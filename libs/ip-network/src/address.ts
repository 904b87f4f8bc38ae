/** Version of the Internet Protocol. */
export type IpFamily = 4 | 6

/** An IPv4 or IPv6 address; `value` is the unsigned number that its bytes form in network order. */
export interface IpAddress {
  readonly family: IpFamily
  readonly value: bigint
}

/** Number of bits in an address of the family. */
export function addressBits(family: IpFamily): number {
  return family === 4 ? 32 : 128
}

/**
 * Reads an address strictly: dotted quad without leading zeroes (RFC 6943 §3.1.1 says why), or IPv6 text as in RFC 4291
 * §2.2. Zones, prefixes, brackets and white space are refused. Gives `undefined` for anything else.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const family = text.includes(':') ? 6 : 4
  const value = family === 6 ? parseIpv6(text) : parseIpv4(text)
  return value === undefined ? undefined : { family, value }
}

/** Writes an address in its canonical form: RFC 5952 for IPv6, with a dotted quad for IPv4-mapped addresses. */
export function formatAddress(address: IpAddress): string {
  if (address.family === 4) return formatIpv4(address.value)
  const groups = groupsOf(address.value)
  if (address.value >> 32n === 0xffffn) return `::ffff:${formatIpv4(address.value & 0xffffffffn)}`
  const texts = groups.map((group) => group.toString(16))
  const run = longestZeroRun(groups)
  if (run.length < 2) return texts.join(':')
  return `${texts.slice(0, run.start).join(':')}::${texts.slice(run.start + run.length).join(':')}`
}

/** Gives the 4 or 16 bytes of an address in network order. */
export function addressBytes(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(addressBits(address.family) / 8)
  let rest = address.value
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** Reads an address from its 4 or 16 bytes in network order; `undefined` for any other length. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return { family: bytes.length === 4 ? 4 : 6, value }
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const left = parseGroups(head, tail === undefined)
  const right = parseGroups(tail ?? '', true)
  if (left === undefined || right === undefined) return undefined
  const missing = 8 - left.length - right.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...left, ...Array.from({ length: missing }, () => 0n), ...right]
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n)
}

/** Only the last groups of the whole address may be written as a dotted quad. */
function parseGroups(text: string, isLast: boolean): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: bigint[] = []
  for (const [index, part] of parts.entries()) {
    const quad = isLast && index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (quad !== undefined) groups.push(quad >> 16n, quad & 0xffffn)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')
}

function groupsOf(value: bigint): bigint[] {
  return Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn)
}

/** The first of the longest runs of zero groups, as RFC 5952 §4.2.3 wants it. */
function longestZeroRun(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0n) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}
