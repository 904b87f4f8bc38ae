import { concatBytes } from '@sallyport/foundation'
import { describe, expect, it } from 'vitest'

import {
  ADDRESS,
  CLIENT,
  clientPacket,
  cookieFor,
  makeContext,
  NOW_MS,
  outcomeOf,
  proofPacket,
  wrappedKeyProfile,
} from '../testing/first-packets.ts'

describe('CVE-2025-2704 and CVE-2026-35058 class: malformed packets of tls-crypt-v2', () => {
  const context = makeContext()
  const profile = wrappedKeyProfile(context)
  const cookie = cookieFor(context, profile)
  const packets = [clientPacket(profile), proofPacket(profile, cookie)]

  it('takes no length of the wrapped key but the true one', () => {
    for (const packet of packets) {
      for (let length = 0; length < 2 ** 16; length += 1) {
        if (length === profile.wrappedKey.length) continue
        // Slowly enough for the rate limits.
        const nowMs = NOW_MS + Math.min(length, 1_100) * 15
        const outcome = outcomeOf(context, packet.with(-2, length >> 8).with(-1, length & 0xff), ADDRESS, nowMs)
        if (outcome === 'rate-limited') expect.unreachable('too fast')
        if (outcome === 'answer' || outcome === 'create') expect.unreachable(`took length ${String(length)}`)
      }
    }
  })

  it('takes no packet that is cut off anywhere, or has anything more', () => {
    for (const packet of packets) {
      const limits = makeContext().limits
      for (let length = 0; length < packet.length; length++) {
        expect(outcomeOf({ ...context, limits }, packet.subarray(0, length))).not.toMatch(/answer|create/)
      }
      expect(outcomeOf({ ...context, limits }, concatBytes([packet, Uint8Array.of(0)]))).not.toMatch(/answer|create/)
    }
  })

  it('takes none whose wrapped key is all there is', () => {
    for (const first of [0x50, 0x58]) {
      expect(outcomeOf(context, profile.wrappedKey.with(0, first))).toBe('bad-wkc')
    }
  })
})

describe('CVE-2026-12932 and CVE-2026-13698 class: keys kept for resets that come again and again', () => {
  const context = makeContext()
  const profile = wrappedKeyProfile(context, 1)

  it('keeps no key for a client that can send it again', () => {
    const capable = wrappedKeyProfile(context)
    expect(outcomeOf(context, clientPacket(capable))).toBe('answer')
    expect(context.wrappedKeys.size).toBe(0)
  })

  it('keeps one for a client that cannot, however often it asks', () => {
    for (let replayId = 1; replayId <= 50; replayId++) {
      expect(outcomeOf(context, clientPacket(profile, { replayId }))).toBe('answer')
    }
    expect(context.wrappedKeys.size).toBe(1)
  })

  it('opens no session for such a client when its reset was never seen or is forgotten', () => {
    const late = makeContext({ tlsCryptV2ServerKey: context.tlsCryptV2ServerKey })
    const proof = proofPacket(profile, cookieFor(late, profile))
    const forgetful = makeContext({ ...late, wrappedKeys: makeContext().wrappedKeys })
    expect(outcomeOf(forgetful, proof)).toBe('unexpected')
    expect(outcomeOf(late, proof, ADDRESS, NOW_MS + 59_999)).toBe('create')
    expect(outcomeOf(late, proof, ADDRESS, NOW_MS + 60_000)).toBe('unexpected')
  })

  it('still asks for the cookie', () => {
    expect(outcomeOf(context, proofPacket(profile, CLIENT))).toBe('bad-cookie')
  })
})
