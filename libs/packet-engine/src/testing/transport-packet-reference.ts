/** Protocol numbers of IP. */
export const TCP = 6
export const UDP = 17

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff

/** Where the parts of a whole TCP or UDP packet are; offsets count from its IP header. */
export interface TransportForm {
  readonly ipv6: boolean
  readonly protocol: number
  readonly transportOffset: number
  readonly payloadOffset: number
  readonly checksumOffset: number
  /** As the headers say; what is behind is not part of the packet. */
  readonly bytes: number
}

/**
 * Reads the form of a TCP or UDP packet; `undefined` for all that offloads leave alone: other protocols, fragments, IPv4
 * options, IPv6 extension headers, and lengths that do not fit each other.
 */
export function readTransportForm(packet: Buffer): TransportForm | undefined {
  const network = readNetwork(packet)
  if (network === undefined || network.bytes > packet.length) return undefined
  const { protocol, transportOffset, bytes } = network
  if (protocol === TCP && bytes >= transportOffset + 20) {
    const payloadOffset = transportOffset + (packet.readUInt8(transportOffset + 12) >> 4) * 4
    if (payloadOffset < transportOffset + 20 || payloadOffset > bytes) return undefined
    return { ...network, payloadOffset, checksumOffset: transportOffset + 16 }
  }
  if (protocol === UDP && bytes >= transportOffset + 8) {
    if (packet.readUInt16BE(transportOffset + 4) !== bytes - transportOffset) return undefined
    return { ...network, payloadOffset: transportOffset + 8, checksumOffset: transportOffset + 6 }
  }
  return undefined
}

function readNetwork(
  packet: Buffer,
): Pick<TransportForm, 'ipv6' | 'protocol' | 'transportOffset' | 'bytes'> | undefined {
  if (packet.length >= IPV6_HEADER_BYTES && packet.readUInt8(0) >> 4 === 6) {
    const bytes = IPV6_HEADER_BYTES + packet.readUInt16BE(4)
    return { ipv6: true, protocol: packet.readUInt8(6), transportOffset: IPV6_HEADER_BYTES, bytes }
  }
  if (packet.length < IPV4_HEADER_BYTES || packet.readUInt8(0) !== 0x45) return undefined
  if ((packet.readUInt16BE(6) & MORE_FRAGMENTS_OR_OFFSET) !== 0) return undefined
  const bytes = packet.readUInt16BE(2)
  return { ipv6: false, protocol: packet.readUInt8(9), transportOffset: IPV4_HEADER_BYTES, bytes }
}

/** The one's complement sum of 16-bit words (RFC 1071), folded; an odd last byte is padded with zero. */
export function sumOf(...parts: readonly Buffer[]): number {
  let sum = 0
  for (const part of parts) {
    for (let offset = 0; offset < part.length; offset += 2) {
      sum += offset + 1 < part.length ? part.readUInt16BE(offset) : part.readUInt8(offset) << 8
      if (sum > 0xffff) sum -= 0xffff
    }
  }
  return sum
}

/** The addresses, the protocol and the length that a TCP or UDP checksum covers beside its own packet. */
export function pseudoHeader(packet: Buffer, { ipv6, protocol }: TransportForm, transportBytes: number): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt32BE(transportBytes, 0)
  tail.writeUInt32BE(protocol, 4)
  return Buffer.concat([ipv6 ? packet.subarray(8, 40) : packet.subarray(12, 20), tail])
}

/** Makes every checksum of a packet right; a UDP checksum that would be zero becomes 0xffff (RFC 768). */
export function setChecksums(packet: Buffer, form: TransportForm): void {
  if (!form.ipv6) setIpv4Checksum(packet)
  packet.writeUInt16BE(0, form.checksumOffset)
  const transport = packet.subarray(form.transportOffset, form.bytes)
  const checksum = ~sumOf(pseudoHeader(packet, form, transport.length), transport) & 0xffff
  packet.writeUInt16BE(checksum === 0 && form.protocol === UDP ? 0xffff : checksum, form.checksumOffset)
}

export function setIpv4Checksum(packet: Buffer): void {
  packet.writeUInt16BE(0, 10)
  packet.writeUInt16BE(~sumOf(packet.subarray(0, IPV4_HEADER_BYTES)) & 0xffff, 10)
}

/** Whether the checksums of a packet are right, and are there: UDP over IPv4 may go without. */
export function checksumsRight(packet: Buffer, form: TransportForm): boolean {
  if (!form.ipv6 && sumOf(packet.subarray(0, IPV4_HEADER_BYTES)) !== 0xffff) return false
  if (form.protocol === UDP && packet.readUInt16BE(form.checksumOffset) === 0) return false
  const transport = packet.subarray(form.transportOffset, form.bytes)
  return sumOf(pseudoHeader(packet, form, transport.length), transport) === 0xffff
}
