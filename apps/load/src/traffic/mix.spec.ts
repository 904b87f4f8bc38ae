import { expect, it } from 'vitest'

import { dealMix, mixText, needsTarget, parseMix } from './mix.ts'

it.each(['', 'idle,', 'nonsense', 'idle:0', 'idle:1001', 'idle,idle', 'ping:x'])('refuses the mix "%s"', (text) => {
  expect(parseMix(text)).toBeUndefined()
})

it('reads kinds and weights', () => {
  expect(parseMix('idle:90,bulk-down')).toEqual([
    { kind: 'idle', weight: 90 },
    { kind: 'bulk-down', weight: 1 },
  ])
})

it('writes what it read', () => {
  expect(mixText(parseMix('idle:90,bulk-down') ?? [])).toBe('idle:90,bulk-down')
})

it('deals every prefix of the clients by weight', () => {
  const dealt = dealMix(
    [
      { kind: 'idle', weight: 3 },
      { kind: 'ping', weight: 1 },
    ],
    400,
  )
  for (const length of [4, 40, 400]) {
    expect(dealt.slice(0, length).filter((kind) => kind === 'ping')).toHaveLength(length / 4)
  }
})

it('needs a responder for everything but idle clients', () => {
  expect(needsTarget([{ kind: 'idle', weight: 1 }])).toBe(false)
  expect(needsTarget([{ kind: 'ping', weight: 1 }])).toBe(true)
})
