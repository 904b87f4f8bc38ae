import fc from 'fast-check'

import { readTransportForm, setChecksums, TCP, UDP } from './transport-packet-reference.ts'

const ACK = 0x10

/** What an inner packet is made of; where `undefined`, it continues its flow. */
export interface PacketPlan {
  /** One of few, so that packets meet their like; says family and protocol. */
  readonly flow: number
  readonly payloadBytes: number
  readonly flags: number
  readonly trafficClass: number
  readonly hopLimit: number
  readonly window: number
  readonly urgent: number
  readonly fragment: number
  readonly timestamp: number | undefined
  readonly sequence: number | undefined
  readonly identification: number | undefined
  /** A byte that is changed after the checksums were made. */
  readonly damage: { readonly at: number; readonly mask: number } | undefined
  /** Bytes behind the packet's announced end. */
  readonly padding: number
}

const mostly = <Value>(usual: Value, rare: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare })

const byte = fc.integer({ min: 0, max: 255 })
const word = fc.integer({ min: 0, max: 0xffff })

/** Plans of packets that mostly continue their flow and sometimes differ in one thing or another. */
export function packetPlans(payload: fc.Arbitrary<number>): fc.Arbitrary<PacketPlan> {
  return fc.record({
    flow: fc.integer({ min: 0, max: 5 }),
    payloadBytes: payload,
    flags: fc.oneof(
      { weight: 10, arbitrary: fc.constant(ACK) },
      { weight: 1, arbitrary: fc.constantFrom(ACK | 0x08, ACK | 0x01, ACK | 0x40) },
      { weight: 1, arbitrary: byte },
    ),
    trafficClass: mostly(0, byte),
    hopLimit: mostly(64, byte),
    window: mostly(500, word),
    urgent: mostly(0, word),
    fragment: mostly(0x4000, fc.oneof(fc.constantFrom(0, 0xc000, 0x2000), word)),
    timestamp: fc.oneof(fc.constant(undefined), mostly(1, word)),
    sequence: mostly<number | undefined>(undefined, fc.integer({ min: 0, max: 0xffffffff })),
    identification: mostly<number | undefined>(undefined, fc.oneof(fc.constant(7), word)),
    damage: mostly<PacketPlan['damage']>(undefined, fc.record({ at: word, mask: fc.integer({ min: 1, max: 255 }) })),
    padding: mostly(0, fc.integer({ min: 1, max: 20 })),
  })
}

/** Builds the packets of a batch by their plans, each flow from its own first sequence number on. */
export function buildPackets(plans: readonly PacketPlan[]): Buffer[] {
  const flows = new Map<number, { sequence: number; identification: number }>()
  return plans.map((plan) => {
    const flow = flows.get(plan.flow) ?? { sequence: 0xffff_ff00 - plan.flow, identification: 0xfffe }
    const sequence = plan.sequence ?? flow.sequence
    const identification = plan.identification ?? flow.identification
    const next = { sequence: (sequence + plan.payloadBytes) >>> 0, identification: (identification + 1) & 0xffff }
    flows.set(plan.flow, next)
    return buildPacket(plan, sequence, identification)
  })
}

function buildPacket(plan: PacketPlan, sequence: number, identification: number): Buffer {
  const ipv6 = plan.flow % 2 === 1
  const tcp = plan.flow % 3 !== 2
  const transport = tcp ? tcpHeader(plan, sequence) : Buffer.alloc(8)
  transport.writeUInt16BE(1000 + plan.flow, 0)
  transport.writeUInt16BE(443, 2)
  if (!tcp) transport.writeUInt16BE(transport.length + plan.payloadBytes, 4)
  const payload = Buffer.alloc(plan.payloadBytes, sequence & 0xff)
  const behind = transport.length + plan.payloadBytes
  const network = ipv6 ? ipv6Header(plan, tcp, behind) : ipv4Header(plan, tcp, behind, identification)
  const packet = Buffer.concat([network, transport, payload])
  const form = readTransportForm(packet)
  if (form !== undefined) setChecksums(packet, form)
  const { damage } = plan
  if (damage !== undefined) {
    const at = damage.at % packet.length
    packet.writeUInt8(packet.readUInt8(at) ^ damage.mask, at)
  }
  return Buffer.concat([packet, Buffer.alloc(plan.padding, 0xee)])
}

function tcpHeader({ flags, window, urgent, timestamp }: PacketPlan, sequence: number): Buffer {
  const options = Buffer.alloc(timestamp === undefined ? 0 : 12, 1)
  if (timestamp !== undefined) {
    options.writeUInt16BE(0x080a, 2)
    options.writeUInt32BE(timestamp, 4)
  }
  const header = Buffer.alloc(20)
  header.writeUInt32BE(sequence, 4)
  header.writeUInt32BE(77, 8)
  header.writeUInt8(((20 + options.length) / 4) << 4, 12)
  header.writeUInt8(flags, 13)
  header.writeUInt16BE(window, 14)
  header.writeUInt16BE(urgent, 18)
  return Buffer.concat([header, options])
}

function ipv4Header(plan: PacketPlan, tcp: boolean, behind: number, identification: number): Buffer {
  const header = Buffer.from('4500000000000000000000000a0800020a080001', 'hex')
  header.writeUInt8(plan.trafficClass, 1)
  header.writeUInt16BE(header.length + behind, 2)
  header.writeUInt16BE(identification, 4)
  header.writeUInt16BE(plan.fragment, 6)
  header.writeUInt8(plan.hopLimit, 8)
  header.writeUInt8(tcp ? TCP : UDP, 9)
  return header
}

function ipv6Header(plan: PacketPlan, tcp: boolean, behind: number): Buffer {
  const header = Buffer.alloc(40)
  header.writeUInt32BE(((6 << 28) | (plan.trafficClass << 20)) >>> 0, 0)
  header.writeUInt16BE(behind, 4)
  header.writeUInt8(tcp ? TCP : UDP, 6)
  header.writeUInt8(plan.hopLimit, 7)
  header.writeUInt8(0xfd, 8)
  header.writeUInt8(2, 23)
  header.writeUInt8(0xfd, 24)
  header.writeUInt8(1, 39)
  return header
}
