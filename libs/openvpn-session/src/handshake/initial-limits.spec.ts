import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { describe, expect, it } from 'vitest'

import type { RemoteAddress } from '../remote-address.ts'
import {
  ADDRESS,
  CLIENT,
  clientPacket,
  cookieFor,
  makeContext,
  NOW_MS,
  outcomeOf,
  proofPacket,
  sessionIdOf,
  wrappedKeyProfile,
} from '../testing/first-packets.ts'
import { type InitialAsker, InitialLimits, type InitialPacketKind, type InitialWork } from './initial-limits.ts'

const OTHER_CLIENT = sessionIdOf(9, 9, 9, 9, 9, 9, 9, 9)
const from = (index: number): RemoteAddress => ({
  ...ADDRESS,
  address: `${String(1 + (index >> 24))}.${String((index >> 16) & 255)}.${String((index >> 8) & 255)}.${String(index & 255)}`,
})

const WRAPPED: InitialWork = { search: 'wrapped', keys: 1 }
const tried = (keys: number): InitialWork => ({ search: 'static', keys })
const fresh = (): InitialLimits => new InitialLimits(nodeCryptoSuite)
const askerAt = (remote: RemoteAddress): InitialAsker => ({ remote, sessionId: CLIENT })
const HERE = askerAt(ADDRESS)

/** Sends packets from one address, or each from another, and says how many may be looked at. */
function flood(
  limits: InitialLimits,
  kind: InitialPacketKind,
  count: number,
  spread: boolean,
  work = WRAPPED,
  first = 0,
) {
  let allowed = 0
  for (let index = 0; index < count; index++) {
    if (limits.allow(spread ? askerAt(from(first + index)) : HERE, kind, work, NOW_MS)) allowed++
  }
  return allowed
}

it('holds one source to its burst, then to its rate, and leaves others alone', () => {
  const limits = fresh()
  expect(flood(limits, 'reset', 1_000, false)).toBe(400)
  expect(limits.allow(HERE, 'reset', WRAPPED, NOW_MS + 10)).toBe(true)
  expect(limits.allow(HERE, 'reset', WRAPPED, NOW_MS + 11)).toBe(false)
  expect(limits.allow(askerAt(from(1)), 'reset', WRAPPED, NOW_MS)).toBe(true)
})

it('counts for a source how many static keys its packets take', () => {
  expect(flood(fresh(), 'reset', 10_000, false, tried(1))).toBe(3_200)
  expect(flood(fresh(), 'reset', 10_000, false, tried(64))).toBe(50)
})

it('holds all sources together to a number of keys tried', () => {
  expect(flood(fresh(), 'reset', 20_000, true)).toBe(10_000)
  expect(flood(fresh(), 'reset', 20_000, true, tried(8))).toBe(8_000)
  expect(flood(fresh(), 'reset', 20_000, true, tried(64))).toBe(1_000)
})

it('takes nothing of the common budget for a source that has used up its own', () => {
  const limits = fresh()
  flood(limits, 'reset', 1_000_000, false)
  expect(flood(limits, 'reset', 20_000, true)).toBe(10_000 - 400)
})

it('keeps budgets for resets, cookies and awaited cookies apart', () => {
  const limits = fresh()
  flood(limits, 'reset', 20_000, true)
  expect(flood(limits, 'proof', 1, false)).toBe(1)
  flood(limits, 'proof', 20_000, true)
  expect(flood(limits, 'awaited', 1, false)).toBe(1)
})

it.each([
  ['static keys are tried', tried(64), WRAPPED],
  ['name their key', WRAPPED, tried(64)],
])('leaves others alone in a flood of packets that %s', (_, junk, work) => {
  const limits = fresh()
  flood(limits, 'reset', 20_000, true, junk)
  const honest = askerAt(from(300_000))
  expect(limits.allow(honest, 'reset', junk, NOW_MS)).toBe(false)
  expect(limits.allow(honest, 'reset', work, NOW_MS)).toBe(true)
})

it('lets a client through that comes back after a flood has kept it out, and nobody new', () => {
  const limits = fresh()
  flood(limits, 'reset', 10_000, true)
  const [client, other] = [askerAt(from(300_000)), askerAt(from(300_001))]
  expect(limits.allow(client, 'reset', WRAPPED, NOW_MS)).toBe(false)
  flood(limits, 'reset', 10_000, true, WRAPPED, 10_000)
  expect(limits.allow(client, 'reset', WRAPPED, NOW_MS)).toBe(true)
  expect(limits.allow(other, 'reset', WRAPPED, NOW_MS)).toBe(false)
  expect(limits.allow({ ...client, sessionId: OTHER_CLIENT }, 'reset', WRAPPED, NOW_MS)).toBe(false)
})

it('bounds what it lets through for coming back', () => {
  const limits = fresh()
  flood(limits, 'reset', 10_000, true)
  flood(limits, 'reset', 10_000, true)
  expect(flood(limits, 'reset', 10_000, true)).toBe(8_000)
})

it.each([
  [700, WRAPPED],
  [4_000, tried(1)],
  [240, tried(64)],
])('gives back to a source what its completed handshakes took: %i times %o', (count, work) => {
  const limits = fresh()
  for (let client = 0; client < count; client++) {
    expect(limits.allow(HERE, 'reset', work, NOW_MS)).toBe(true)
    expect(limits.allow(HERE, 'awaited', work, NOW_MS)).toBe(true)
    limits.completed(ADDRESS)
  }
})

it('has other sources share a bucket than another instance, so that nobody can prepare to block one', () => {
  const sharers = Array.from({ length: 2 }, () => {
    const limits = fresh()
    flood(limits, 'reset', 400, false)
    // A question that takes nothing is refused by an empty bucket only.
    const nothing = { search: 'wrapped', keys: 0 } as const
    const indexes = Array.from({ length: 100_000 }, (_, index) => index)
    return indexes.filter((index) => !limits.allow(askerAt(from(index)), 'reset', nothing, NOW_MS - 1))
  })
  expect(sharers[0]?.length).toBeGreaterThan(0)
  expect(sharers[0]).not.toEqual(sharers[1])
})

describe('a flood of valid-looking first packets from many addresses', () => {
  it('does not keep out a client that shows its cookie', () => {
    const context = makeContext()
    const profile = wrappedKeyProfile(context)
    const cookie = cookieFor(context, profile)
    const wrong = clientPacket(wrappedKeyProfile(makeContext()))
    const outcomes = new Map<string, number>()
    for (let index = 0; index < 15_000; index++) {
      const outcome = outcomeOf(context, wrong, from(index))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // The client's own reset has taken the place of one.
    expect(Object.fromEntries(outcomes)).toEqual({ 'bad-wkc': 9_999, 'rate-limited': 5_001 })
    expect(outcomeOf(context, proofPacket(profile, cookie))).toBe('create')
  })

  it('does not keep out clients that repeat their first packets', () => {
    const context = makeContext()
    const wrong = clientPacket(wrappedKeyProfile(makeContext()))
    const clients = Array.from({ length: 40 }, (_, index) => ({
      reset: clientPacket(wrappedKeyProfile(context)),
      remote: from(1_000_000 + index),
    }))
    const outcomes = () => clients.map(({ reset, remote }) => outcomeOf(context, reset, remote))
    for (let index = 0; index < 15_000; index++) outcomeOf(context, wrong, from(index))
    expect(new Set(outcomes())).toEqual(new Set(['rate-limited']))
    for (let index = 15_000; index < 30_000; index++) outcomeOf(context, wrong, from(index))
    // Few are forgotten: the flood has as many marks as a seventeenth of the room for them.
    expect(outcomes().filter((outcome) => outcome === 'answer').length).toBeGreaterThan(28)
  })

  it('does not keep it out either when it is one of forged cookies', () => {
    const context = makeContext()
    const profile = wrappedKeyProfile(context)
    const cookie = cookieFor(context, profile)
    const forged = proofPacket(wrappedKeyProfile(makeContext()), CLIENT)
    for (let index = 0; index < 10_000; index++) outcomeOf(context, forged, from(index))
    expect(outcomeOf(context, forged, from(10_001))).toBe('rate-limited')
    expect(outcomeOf(context, proofPacket(profile, cookie))).toBe('create')
  })

  it('is refused before any key is tried', () => {
    const context = makeContext()
    let computed = 0
    const counting = {
      ...context,
      suite: {
        ...context.suite,
        aes256Ctr: (...given: Parameters<typeof context.suite.aes256Ctr>) => (
          computed++,
          context.suite.aes256Ctr(...given)
        ),
      },
    }
    const wrong = clientPacket(wrappedKeyProfile(makeContext()))
    for (let index = 0; index < 1_000; index++) outcomeOf(counting, wrong)
    expect(computed).toBe(400)
  })
})

it('awaits the client whose reset it answered, for a minute, and nobody else', () => {
  const limits = fresh()
  limits.noteAnswer(ADDRESS, CLIENT, NOW_MS)
  expect(limits.answeredAtMs(ADDRESS, CLIENT, NOW_MS + 59_999)).toBe(NOW_MS)
  expect(limits.kindOfProof(ADDRESS, CLIENT, NOW_MS)).toBe('awaited')
  expect(limits.kindOfProof(ADDRESS, CLIENT, NOW_MS + 60_000)).toBe('proof')
  expect(limits.answeredAtMs({ ...ADDRESS, port: 1 }, CLIENT, NOW_MS)).toBeUndefined()
  expect(limits.answeredAtMs(ADDRESS, OTHER_CLIENT, NOW_MS)).toBeUndefined()
})

it('allows the costly answer to a reset once while its time may still be fresh', () => {
  const limits = fresh()
  const replay = { id: 1, timeSeconds: NOW_MS / 1000 + 600 }
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS)).toBe(true)
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS)).toBe(false)
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS + 1_199_999)).toBe(false)
  expect(limits.allowCostlyAnswer(CLIENT, { ...replay, id: 2 }, NOW_MS)).toBe(true)
  expect(limits.allowCostlyAnswer(OTHER_CLIENT, replay, NOW_MS)).toBe(true)
})
