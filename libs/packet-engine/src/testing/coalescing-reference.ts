import { GSO_NONE, GSO_TCP4, GSO_TCP6, GSO_UDP, NEEDS_CHECKSUM, type VirtioHeader } from './segmentation-reference.ts'
import {
  checksumsRight,
  pseudoHeader,
  readTransportForm,
  setIpv4Checksum,
  sumOf,
  TCP,
  type TransportForm,
  UDP,
} from './transport-packet-reference.ts'

/** What may be merged, as the engine numbers it. */
export const MERGES = ['none', 'segments', 'segments-and-datagrams'] as const
export type Merge = (typeof MERGES)[number]

/** One write to a TUN device. */
export interface Item {
  readonly header: VirtioHeader
  /** How many packets it is made of. */
  readonly packets: number
  readonly bytes: Buffer
}

interface Member {
  readonly packet: Buffer
  readonly form: TransportForm
}

const NO_OFFLOAD: VirtioHeader = {
  flags: 0,
  gsoType: GSO_NONE,
  headerBytes: 0,
  segmentBytes: 0,
  checksumStart: 0,
  checksumOffset: 0,
}
const MAX_PACKET_BYTES = 65_535
/** UDP_MAX_SEGMENTS of Linux before 6.9. */
const MAX_DATAGRAMS = 64
const DONT_FRAGMENT = 0x4000
const FIN_OR_PSH = 0x09
const ACK = 0x10
const ECE = 0x40

/**
 * Merges the packets of one batch by the rules of Linux's generic receive offload (tcp_gro_receive and
 * udp_gro_receive_segment): a packet joins the newest item of its flow or begins one. The slow, obvious form, for tests.
 */
export function coalesce(packets: readonly Buffer[], merge: Merge): readonly Item[] {
  const items: Member[][] = []
  const alone = new Map<Member[], Buffer>()
  // Before this, nothing is joined: what came in between may belong to any flow.
  let barrier = 0
  for (const packet of packets) {
    const form = readTransportForm(packet)
    if (form === undefined) {
      const item: Member[] = []
      alone.set(item, packet)
      items.push(item)
      barrier = items.length
      continue
    }
    const member = { packet: packet.subarray(0, form.bytes), form }
    const newest = items.slice(barrier).findLast(([head]) => head !== undefined && sameFlow(head, member))
    if (newest !== undefined && mayJoin(newest, member, merge)) newest.push(member)
    else items.push([member])
  }
  return items.map((item) => {
    const bytes = alone.get(item)
    return bytes === undefined ? written(item) : { header: NO_OFFLOAD, packets: 1, bytes }
  })
}

function sameFlow(one: Member, other: Member): boolean {
  return flowOf(one) === flowOf(other)
}

function flowOf({ packet, form }: Member): string {
  const addresses = packet.subarray(form.ipv6 ? 8 : 12, form.transportOffset)
  const ports = packet.subarray(form.transportOffset, form.transportOffset + 4)
  return [form.protocol, addresses.toString('hex'), ports.toString('hex')].join(' ')
}

function mayJoin(item: readonly Member[], member: Member, merge: Merge): boolean {
  const [head] = item
  const last = item.at(-1)
  if (head === undefined || last === undefined) return false
  const all = [...item, member]
  const sizes = all.map(payloadBytes)
  const first = payloadBytes(head)
  return (
    [head, member].every((one) => mayMerge(one, merge)) &&
    // All have the size of the first, but the last one, which may be shorter.
    sizes.slice(0, -1).every((size) => size === first) &&
    payloadBytes(member) <= first &&
    head.form.payloadOffset + sizes.reduce((sum, size) => sum + size, 0) <= MAX_PACKET_BYTES &&
    sameNetworkHeader(head, member) &&
    identified(all) &&
    (member.form.protocol === TCP ? continues(item, head, last, member) : all.length <= MAX_DATAGRAMS)
  )
}

function mayMerge({ packet, form }: Member, merge: Merge): boolean {
  if (payloadBytes({ packet, form }) === 0 || !checksumsRight(packet, form)) return false
  if (!form.ipv6 && (packet.readUInt16BE(6) & DONT_FRAGMENT) === 0) return false
  if (form.protocol === UDP) return merge === 'segments-and-datagrams'
  const flags = tcpFlags({ packet, form })
  return merge !== 'none' && (flags & ACK) !== 0 && (flags & ~(ACK | ECE | FIN_OR_PSH)) === 0
}

function sameNetworkHeader(one: Member, other: Member): boolean {
  const fields = ({ packet, form }: Member): Buffer =>
    form.ipv6
      ? Buffer.concat([packet.subarray(0, 4), packet.subarray(7, 8)])
      : Buffer.concat([packet.subarray(0, 2), packet.subarray(6, 9)])
  return fields(one).equals(fields(other))
}

/** Identifications count up, or are all the same. */
function identified(all: readonly Member[]): boolean {
  const [head] = all
  if (head === undefined || head.form.ipv6) return true
  const steps = all.map(({ packet }) => (packet.readUInt16BE(4) - head.packet.readUInt16BE(4)) & 0xffff)
  return steps.every((step, index) => step === index) || steps.every((step) => step === 0)
}

/** The next bytes of the same stream, with the same acknowledgement, window, urgent pointer and options. */
function continues(item: readonly Member[], head: Member, last: Member, member: Member): boolean {
  const sequence = ({ packet, form }: Member): number => packet.readUInt32BE(form.transportOffset + 4)
  const sent = item.reduce((sum, one) => sum + payloadBytes(one), 0)
  const rest = ({ packet, form }: Member): Buffer => {
    const tcp = Buffer.from(packet.subarray(form.transportOffset, form.payloadOffset))
    tcp.fill(0, 4, 8)
    tcp.fill(0, 16, 18)
    tcp.writeUInt8(tcp.readUInt8(13) & ~FIN_OR_PSH, 13)
    return tcp
  }
  return (
    sequence(member) === (sequence(head) + sent) >>> 0 &&
    (tcpFlags(last) & FIN_OR_PSH) === 0 &&
    rest(head).equals(rest(member))
  )
}

function written(item: readonly Member[]): Item {
  const [head, ...others] = item
  if (head === undefined) throw new Error('an item has a head')
  if (others.length === 0) return { header: NO_OFFLOAD, packets: 1, bytes: head.packet }
  const { form } = head
  const payloads = others.map((one) => one.packet.subarray(one.form.payloadOffset))
  const bytes = Buffer.concat([head.packet, ...payloads])
  const transportBytes = bytes.length - form.transportOffset
  if (form.ipv6) {
    bytes.writeUInt16BE(bytes.length - 40, 4)
  } else {
    bytes.writeUInt16BE(bytes.length, 2)
    setIpv4Checksum(bytes)
  }
  if (form.protocol === UDP) bytes.writeUInt16BE(transportBytes, form.transportOffset + 4)
  else
    bytes.writeUInt8(
      item.reduce((flags, one) => flags | tcpFlags(one), 0),
      form.transportOffset + 13,
    )
  bytes.writeUInt16BE(sumOf(pseudoHeader(bytes, form, transportBytes)), form.checksumOffset)
  const header = {
    flags: NEEDS_CHECKSUM,
    gsoType: form.protocol === UDP ? GSO_UDP : form.ipv6 ? GSO_TCP6 : GSO_TCP4,
    headerBytes: form.payloadOffset,
    segmentBytes: payloadBytes(head),
    checksumStart: form.transportOffset,
    checksumOffset: form.checksumOffset - form.transportOffset,
  }
  return { header, packets: item.length, bytes }
}

function payloadBytes({ form }: Member): number {
  return form.bytes - form.payloadOffset
}

function tcpFlags({ packet, form }: Member): number {
  return packet.readUInt8(form.transportOffset + 13)
}
