import { concatBytes } from '@sallyport/foundation'

/** What mutations need of randomness. */
export interface Dice {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number
}

/** Numbers at which parsers go wrong. */
const EDGES = [0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xfe, 0xff]
const MAX_STEPS = 5
const MAX_RUN_BYTES = 64

type Mutation = (dice: Dice, input: Uint8Array, other: Uint8Array) => Uint8Array

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setEdge,
  addNumber,
  cutOut,
  truncate,
  repeat,
  splice,
  insert,
  setLength,
]

/** Changes an input at random, with pieces of another one; at most `maxBytes` come out. */
export function mutate(dice: Dice, input: Uint8Array, other: Uint8Array, maxBytes: number): Uint8Array {
  let mutant: Uint8Array = Uint8Array.from(input)
  for (let step = 0; step <= dice.below(MAX_STEPS); step++) {
    mutant = (MUTATIONS[dice.below(MUTATIONS.length)] ?? flipBit)(dice, mutant, other)
  }
  return mutant.subarray(0, maxBytes)
}

function flipBit(dice: Dice, input: Uint8Array): Uint8Array {
  return changed(dice, input, (byte) => byte ^ (1 << dice.below(8)))
}

function setByte(dice: Dice, input: Uint8Array): Uint8Array {
  return changed(dice, input, () => dice.below(256))
}

function setEdge(dice: Dice, input: Uint8Array): Uint8Array {
  return changed(dice, input, () => EDGES[dice.below(EDGES.length)] ?? 0)
}

function addNumber(dice: Dice, input: Uint8Array): Uint8Array {
  return changed(dice, input, (byte) => byte + dice.below(17) - 8)
}

/** Writes a 16-bit number near the length of the input: most lengths on the wire are such. */
function setLength(dice: Dice, input: Uint8Array): Uint8Array {
  if (input.length < 2) return input
  const length = Math.max(0, input.length + dice.below(9) - 4)
  new DataView(input.buffer, input.byteOffset).setUint16(dice.below(input.length - 1), length)
  return input
}

function cutOut(dice: Dice, input: Uint8Array): Uint8Array {
  const [start, end] = range(dice, input)
  return concatBytes([input.subarray(0, start), input.subarray(end)])
}

function truncate(dice: Dice, input: Uint8Array): Uint8Array {
  return input.slice(0, dice.below(input.length + 1))
}

function repeat(dice: Dice, input: Uint8Array): Uint8Array {
  const [start, end] = range(dice, input)
  return concatBytes([input.subarray(0, end), input.subarray(start)])
}

function insert(dice: Dice, input: Uint8Array): Uint8Array {
  const at = dice.below(input.length + 1)
  const run = new Uint8Array(1 + dice.below(MAX_RUN_BYTES)).fill(dice.below(256))
  return concatBytes([input.subarray(0, at), run, input.subarray(at)])
}

function splice(dice: Dice, input: Uint8Array, other: Uint8Array): Uint8Array {
  const [start, end] = range(dice, other)
  const at = dice.below(input.length + 1)
  const resume = dice.below(2) === 0 ? at : Math.min(input.length, at + end - start)
  return concatBytes([input.subarray(0, at), other.subarray(start, end), input.subarray(resume)])
}

function changed(dice: Dice, input: Uint8Array, change: (byte: number) => number): Uint8Array {
  if (input.length === 0) return Uint8Array.of(dice.below(256))
  const at = dice.below(input.length)
  input[at] = change(input[at] ?? 0)
  return input
}

function range(dice: Dice, bytes: Uint8Array): [start: number, end: number] {
  const start = dice.below(bytes.length + 1)
  return [start, Math.min(bytes.length, start + 1 + dice.below(MAX_RUN_BYTES))]
}
