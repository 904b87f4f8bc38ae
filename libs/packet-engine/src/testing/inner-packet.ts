const ICMP = 1
const ICMPV6 = 58

/** Builds an ICMP echo request as an IPv4 packet; the host that owns `to` answers with the same payload. */
export function echoRequest(from: string, to: string, payload: Uint8Array): Buffer {
  const icmp = Buffer.concat([Buffer.from([8, 0, 0, 0, 0x12, 0x34, 0, 1]), payload])
  icmp.writeUInt16BE(checksum(icmp), 2)
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(header.length + icmp.length, 2)
  header.writeUInt8(64, 8)
  header.writeUInt8(ICMP, 9)
  Buffer.from(from.split('.').map(Number)).copy(header, 12)
  Buffer.from(to.split('.').map(Number)).copy(header, 16)
  header.writeUInt16BE(checksum(header), 10)
  return Buffer.concat([header, icmp])
}

/** Builds an ICMPv6 echo request; addresses are `prefix::n` with a hexadecimal first group and a last group. */
export function echoRequestIpv6(from: string, to: string, payload: Uint8Array): Buffer {
  const icmp = Buffer.concat([Buffer.from([128, 0, 0, 0, 0x12, 0x34, 0, 1]), payload])
  const addresses = Buffer.concat([shortIpv6(from), shortIpv6(to)])
  const pseudo = Buffer.alloc(8)
  pseudo.writeUInt32BE(icmp.length, 0)
  pseudo.writeUInt8(ICMPV6, 7)
  icmp.writeUInt16BE(checksum(Buffer.concat([addresses, pseudo, icmp])), 2)
  const header = Buffer.alloc(8)
  header.writeUInt8(0x60, 0)
  header.writeUInt16BE(icmp.length, 4)
  header.writeUInt8(ICMPV6, 6)
  header.writeUInt8(64, 7)
  return Buffer.concat([header, addresses, icmp])
}

/** The payload of the echo reply in an IP packet; `undefined` when it is something else. */
export function echoReplyPayload(packet: Buffer): Buffer | undefined {
  if (packet.length >= 28 && packet[0] === 0x45 && packet[9] === ICMP && packet[20] === 0) return packet.subarray(28)
  if (packet.length >= 48 && packet.readUInt8(0) >> 4 === 6 && packet[6] === ICMPV6 && packet[40] === 129) {
    return packet.subarray(48)
  }
  return undefined
}

function shortIpv6(address: string): Buffer {
  const [first = '', last = ''] = address.split('::')
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16BE(Number.parseInt(first, 16), 0)
  bytes.writeUInt16BE(Number.parseInt(last, 16), 14)
  return bytes
}

function checksum(bytes: Buffer): number {
  let sum = 0
  for (let offset = 0; offset < bytes.length; offset += 2) {
    sum += offset + 1 < bytes.length ? bytes.readUInt16BE(offset) : bytes.readUInt8(offset) << 8
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
