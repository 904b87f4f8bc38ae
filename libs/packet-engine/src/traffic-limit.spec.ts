import { expect, it } from 'vitest'

import { nativeLimit } from './traffic-limit.ts'

it('lets half a second’s worth pass at once when nothing else is said, and at least one unit', () => {
  expect(nativeLimit({ bytesPerSecond: 1_000_000, packetsPerSecond: 1 })).toEqual({
    bytes: 1_000_000,
    burstBytes: 500_000,
    packets: 1,
    burstPackets: 1,
  })
  expect(nativeLimit()).toEqual({ bytes: 0, burstBytes: 0, packets: 0, burstPackets: 0 })
})
