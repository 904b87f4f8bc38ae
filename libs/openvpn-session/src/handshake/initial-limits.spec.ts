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
import { InitialLimits } from './initial-limits.ts'

const from = (index: number): RemoteAddress => ({
  ...ADDRESS,
  address: `${String(1 + (index >> 24))}.${String((index >> 16) & 255)}.${String((index >> 8) & 255)}.${String(index & 255)}`,
})

/** Sends packets from one address, or each from another, and says how many may be looked at. */
function flood(limits: InitialLimits, kind: 'reset' | 'proof' | 'awaited', count: number, spread: boolean, work = 2) {
  let allowed = 0
  for (let index = 0; index < count; index++) {
    if (limits.allow(spread ? from(index) : ADDRESS, kind, work, NOW_MS)) allowed++
  }
  return allowed
}

it('holds one source to its burst, then to its rate, and leaves others alone', () => {
  const limits = new InitialLimits()
  expect(flood(limits, 'reset', 1_000, false)).toBe(400)
  expect(limits.allow(ADDRESS, 'reset', 2, NOW_MS + 10)).toBe(true)
  expect(limits.allow(ADDRESS, 'reset', 2, NOW_MS + 11)).toBe(false)
  expect(limits.allow(from(1), 'reset', 2, NOW_MS)).toBe(true)
})

it('holds all sources together to a number of keys tried', () => {
  expect(flood(new InitialLimits(), 'reset', 20_000, true, 2)).toBe(4_000)
  expect(flood(new InitialLimits(), 'reset', 20_000, true, 64)).toBe(125)
})

it('takes nothing of the common budget for a source that has used up its own', () => {
  const limits = new InitialLimits()
  flood(limits, 'reset', 1_000_000, false)
  expect(flood(limits, 'reset', 20_000, true)).toBe(4_000 - 400)
})

it('keeps budgets for resets, cookies and awaited cookies apart', () => {
  const limits = new InitialLimits()
  flood(limits, 'reset', 20_000, true)
  expect(flood(limits, 'proof', 1, false)).toBe(1)
  flood(limits, 'proof', 20_000, true)
  expect(flood(limits, 'awaited', 1, false)).toBe(1)
})

it('gives back to a source what its completed handshakes took', () => {
  const limits = new InitialLimits()
  for (let client = 0; client < 2_000; client++) {
    expect(limits.allow(ADDRESS, 'reset', 2, NOW_MS)).toBe(true)
    expect(limits.allow(ADDRESS, 'awaited', 2, NOW_MS)).toBe(true)
    limits.completed(ADDRESS)
  }
})

describe('a flood of valid-looking first packets from many addresses', () => {
  it('does not keep out a client that shows its cookie', () => {
    const context = makeContext()
    const profile = wrappedKeyProfile(context)
    const cookie = cookieFor(context, profile)
    const wrong = clientPacket(wrappedKeyProfile(makeContext()))
    const outcomes = new Map<string, number>()
    for (let index = 0; index < 10_000; index++) {
      const outcome = outcomeOf(context, wrong, from(index))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // The client's own reset has taken the place of one.
    expect(Object.fromEntries(outcomes)).toEqual({ 'bad-wkc': 3_999, 'rate-limited': 6_001 })
    expect(outcomeOf(context, proofPacket(profile, cookie))).toBe('create')
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
  const limits = new InitialLimits()
  limits.noteAnswer(ADDRESS, CLIENT, NOW_MS)
  expect(limits.answeredAtMs(ADDRESS, CLIENT, NOW_MS + 59_999)).toBe(NOW_MS)
  expect(limits.kindOfProof(ADDRESS, CLIENT, NOW_MS)).toBe('awaited')
  expect(limits.kindOfProof(ADDRESS, CLIENT, NOW_MS + 60_000)).toBe('proof')
  expect(limits.answeredAtMs({ ...ADDRESS, port: 1 }, CLIENT, NOW_MS)).toBeUndefined()
  expect(limits.answeredAtMs(ADDRESS, sessionIdOf(9, 9, 9, 9, 9, 9, 9, 9), NOW_MS)).toBeUndefined()
})

it('allows the costly answer to a reset once while its time may still be fresh', () => {
  const limits = new InitialLimits()
  const replay = { id: 1, timeSeconds: NOW_MS / 1000 + 600 }
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS)).toBe(true)
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS)).toBe(false)
  expect(limits.allowCostlyAnswer(CLIENT, replay, NOW_MS + 1_199_999)).toBe(false)
  expect(limits.allowCostlyAnswer(CLIENT, { ...replay, id: 2 }, NOW_MS)).toBe(true)
  expect(limits.allowCostlyAnswer(sessionIdOf(9, 9, 9, 9, 9, 9, 9, 9), replay, NOW_MS)).toBe(true)
})
