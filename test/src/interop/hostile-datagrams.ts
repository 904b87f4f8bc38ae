import type { SeededRandom } from '@sallyport/testkit'

const MAX_BYTES = 1472
const OVERSIZED_BYTES = 9000
const WKC_LENGTHS = [0, 1, 2, 289, 290, 291, 1023, 1024, 1025, 32_768, 65_535] as const
const HARD_RESET_CLIENT_V3 = 10
const DATA_V2 = 9
/** Peers that hostile data packets pretend to be: those that a young node has, and some that it has not. */
const PEER_IDS = 8

/** One of them is drawn for each datagram, so often of a thousand. */
const KINDS = [
  { weight: 150, make: randomBytes },
  { weight: 150, make: everyOpcode },
  { weight: 100, make: truncated },
  { weight: 200, make: mutated },
  { weight: 50, make: extended },
  { weight: 100, make: replayed },
  { weight: 100, make: validFirstPacket },
  { weight: 98, make: badWrappedKeyLength },
  { weight: 30, make: forgedData },
  { weight: 20, make: fromLiveClient },
  { weight: 2, make: oversized },
] as const

/** What hostile datagrams are made of. */
export interface HostileMaterial {
  /** All that a real client sent, from its first packet on. */
  readonly recorded: Datagrams
  /** First packets that the node has to answer. */
  readonly firstPackets: Datagrams
  /** Where real clients are: addresses that can be forged. */
  readonly live: readonly { readonly address: string; readonly port: number }[]
}
type Datagrams = readonly [Buffer, ...Buffer[]]

/** A datagram, and how it is sent. */
export interface HostileDatagram {
  readonly bytes: Buffer
  /** Forged source; `undefined` is a new address each time. */
  readonly from: { readonly address: string; readonly port: number } | undefined
  /** Whether one bit may be flipped each time it is sent. What must stay authentic may not change. */
  readonly varies: boolean
}

/**
 * Makes one datagram that no client would send, or a real one that comes from the wrong place. The same random numbers
 * give the same datagrams.
 */
export function hostileDatagram(random: SeededRandom, material: HostileMaterial): HostileDatagram {
  let drawn = random.below(KINDS.reduce((total, { weight }) => total + weight, 0))
  const kind = KINDS.find(({ weight }) => (drawn -= weight) < 0) ?? KINDS[0]
  const made = kind.make(random, material)
  return 'bytes' in made ? made : { bytes: made, from: undefined, varies: true }
}

/** Writes datagrams as the sender reads them: source address and port (0: any), whether it varies, length, bytes. */
export function serialiseHostileDatagrams(datagrams: readonly HostileDatagram[]): Buffer {
  return Buffer.concat(
    datagrams.map(({ bytes, from, varies }) => {
      const head = Buffer.alloc(9)
      from?.address.split('.').forEach((part, index) => head.writeUInt8(Number(part), index))
      head.writeUInt16BE(from?.port ?? 0, 4)
      head.writeUInt8(varies ? 1 : 0, 6)
      head.writeUInt16BE(bytes.length, 7)
      return Buffer.concat([head, bytes])
    }),
  )
}

function randomBytes(random: SeededRandom): Buffer {
  return random.bytes(random.below(MAX_BYTES))
}

function everyOpcode(random: SeededRandom): Buffer {
  const datagram = random.bytes(1 + random.below(400))
  datagram[0] = (random.below(32) << 3) | random.below(8)
  return datagram
}

function truncated(random: SeededRandom, { recorded }: HostileMaterial): Buffer {
  const sample = random.pick(recorded)
  return sample.subarray(0, random.below(sample.length))
}

function mutated(random: SeededRandom, { recorded }: HostileMaterial): Buffer {
  const datagram = Buffer.from(random.pick(recorded))
  for (let changes = 1 + random.below(8); changes > 0; changes--) {
    const place = random.below(datagram.length)
    datagram[place] = (datagram[place] ?? 0) ^ (1 << random.below(8))
  }
  return datagram
}

function extended(random: SeededRandom, { recorded }: HostileMaterial): Buffer {
  return Buffer.concat([random.pick(recorded), random.bytes(1 + random.below(200))]).subarray(0, MAX_BYTES)
}

function replayed(random: SeededRandom, { recorded }: HostileMaterial): HostileDatagram {
  return { bytes: random.pick(recorded), from: undefined, varies: false }
}

function validFirstPacket(random: SeededRandom, { firstPackets }: HostileMaterial): HostileDatagram {
  return { bytes: random.pick(firstPackets), from: undefined, varies: false }
}

function badWrappedKeyLength(random: SeededRandom, { recorded }: HostileMaterial): Buffer {
  const isReset = (sample: Buffer): boolean => sample.readUInt8(0) >>> 3 === HARD_RESET_CLIENT_V3
  const datagram = Buffer.from(recorded.find(isReset) ?? recorded[0])
  datagram.writeUInt16BE(random.pick(WKC_LENGTHS), datagram.length - 2)
  return datagram
}

function forgedData(random: SeededRandom): Buffer {
  const datagram = random.bytes(24 + random.below(MAX_BYTES - 24))
  datagram.writeUInt8((DATA_V2 << 3) | random.below(8), 0)
  datagram.writeUIntBE(random.below(PEER_IDS), 1, 3)
  return datagram
}

/** Anything at all with the address of a client that is connected. */
function fromLiveClient(random: SeededRandom, material: HostileMaterial): HostileDatagram {
  const bytes = random.pick([everyOpcode, mutated, forgedData])(random, material)
  return { bytes, from: material.live[random.below(material.live.length)], varies: true }
}

function oversized(random: SeededRandom): HostileDatagram {
  return { bytes: random.bytes(OVERSIZED_BYTES), from: undefined, varies: false }
}
