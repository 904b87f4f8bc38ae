import type { SeededRandom } from '@sallyport/testkit'

const MAX_BYTES = 1472
const OVERSIZED_BYTES = 9000
const WKC_LENGTHS = [0, 1, 2, 289, 290, 291, 1023, 1024, 1025, 32_768, 65_535] as const
const HARD_RESET_CLIENT_V3 = 10

/**
 * Makes one datagram that no client would send, or a real one that comes from the wrong place: random bytes, every
 * opcode, real packets cut, changed, extended or repeated, oversized ones, and resets with a wrong length of the wrapped
 * key. The same random numbers give the same datagrams.
 */
export function hostileDatagram(random: SeededRandom, samples: readonly [Buffer, ...Buffer[]]): Buffer {
  const kind = random.below(1000)
  if (kind < 200) return random.bytes(random.below(MAX_BYTES))
  if (kind < 400) return everyOpcode(random)
  if (kind < 550) return truncated(random, random.pick(samples))
  if (kind < 750) return mutated(random, random.pick(samples))
  if (kind < 800) return Buffer.concat([random.pick(samples), random.bytes(random.below(200))])
  if (kind < 900) return random.pick(samples)
  if (kind < 998) return badWrappedKeyLength(random, samples)
  return random.bytes(OVERSIZED_BYTES)
}

function everyOpcode(random: SeededRandom): Buffer {
  const datagram = random.bytes(1 + random.below(400))
  datagram[0] = (random.below(32) << 3) | random.below(8)
  return datagram
}

function truncated(random: SeededRandom, sample: Buffer): Buffer {
  return sample.subarray(0, random.below(sample.length))
}

function mutated(random: SeededRandom, sample: Buffer): Buffer {
  const datagram = Buffer.from(sample)
  for (let changes = 1 + random.below(8); changes > 0; changes--) {
    datagram[random.below(datagram.length)] = random.below(256)
  }
  return datagram
}

function badWrappedKeyLength(random: SeededRandom, samples: readonly [Buffer, ...Buffer[]]): Buffer {
  const reset = samples.find((sample) => sample.readUInt8(0) >>> 3 === HARD_RESET_CLIENT_V3) ?? samples[0]
  const datagram = Buffer.from(reset)
  datagram.writeUInt16BE(random.pick(WKC_LENGTHS), datagram.length - 2)
  return datagram
}
