/** An IPv4 packet that tcpdump (`-tt -x`, on all devices) printed. */
export interface CapturedPacket {
  readonly timeSeconds: number
  readonly device: string
  readonly direction: string
  readonly bytes: Buffer
}

const PROTOCOL = { icmp: 1, udp: 17 } as const
const UDP_HEADER_BYTES = 8
/** OpenVPN: upper five bits of the first byte; P_DATA_V2 is followed by three bytes of peer-id and four of packet id. */
const P_DATA_V2 = 9

/** Collects packets from tcpdump's lines: a head line, then the packet's bytes in lines that begin with a tab. */
export function parseCapture(lines: readonly string[]): readonly CapturedPacket[] {
  const packets: CapturedPacket[] = []
  for (const line of lines) {
    const head = /^(\d+\.\d+) (\S+)\s+(In|Out)\s+IP /.exec(line)
    const hex = /^\t0x[0-9a-f]+:\s+([0-9a-f ]+)/.exec(line)?.[1]
    const last = packets.at(-1)
    if (head) {
      const [, time, device = '', direction = ''] = head
      packets.push({ timeSeconds: Number(time), device, direction, bytes: Buffer.alloc(0) })
    } else if (hex !== undefined && last) {
      packets[packets.length - 1] = {
        ...last,
        bytes: Buffer.concat([last.bytes, Buffer.from(hex.replaceAll(' ', ''), 'hex')]),
      }
    }
  }
  return packets
}

export function source(packet: CapturedPacket): string {
  return [...packet.bytes.subarray(12, 16)].join('.')
}

export function destination(packet: CapturedPacket): string {
  return [...packet.bytes.subarray(16, 20)].join('.')
}

export function timeToLive(packet: CapturedPacket): number {
  return packet.bytes.readUInt8(8)
}

/** ICMP type 8 is an echo request, 0 its reply. */
export function isEcho(packet: CapturedPacket, type: 'request' | 'reply'): boolean {
  const { bytes } = packet
  return bytes.readUInt8(9) === PROTOCOL.icmp && bytes.readUInt8(headerBytes(bytes)) === (type === 'request' ? 8 : 0)
}

/** The readable part of an OpenVPN data packet; undefined for any other packet. */
export interface SealedPacket {
  readonly from: string
  readonly to: string
  readonly peerId: number
  readonly packetId: number
  /** Length of the UDP payload. */
  readonly sealedBytes: number
  /** Begin of tag and ciphertext. */
  readonly sample: string
}

export function sealedPacket(packet: CapturedPacket): SealedPacket | undefined {
  const { bytes } = packet
  if (bytes.readUInt8(9) !== PROTOCOL.udp) return undefined
  const udp = bytes.subarray(headerBytes(bytes))
  const payload = udp.subarray(UDP_HEADER_BYTES)
  if (payload.length < 24 || payload.readUInt8(0) >> 3 !== P_DATA_V2) return undefined
  return {
    from: `${source(packet)}:${String(udp.readUInt16BE(0))}`,
    to: `${destination(packet)}:${String(udp.readUInt16BE(2))}`,
    peerId: payload.readUIntBE(1, 3),
    packetId: payload.readUInt32BE(4),
    sealedBytes: payload.length,
    sample: payload.subarray(8, 24).toString('hex'),
  }
}

function headerBytes(bytes: Buffer): number {
  return (bytes.readUInt8(0) & 0x0f) * 4
}
