import { expect, it } from 'vitest'

import { limitsOf, sizesFor } from './peer-terms.ts'
import { sampleNetwork, samplePath } from './testing/sample-grant.ts'

it('leaves room for the outer headers of the path and for what sealing adds, within 1492 bytes', () => {
  const path = samplePath()
  expect(sizesFor(path)).toEqual({ mtu: 1500, segmentLimit: { ipv4: 1400, ipv6: 1380 } })
  const ipv6 = { ...path, remote: { ...path.remote, address: '2001:db8::1' } }
  expect(sizesFor(ipv6)).toEqual({ mtu: 1500, segmentLimit: { ipv4: 1380, ipv6: 1360 } })
})

it('limits what a network limits, upload as received', () => {
  expect(limitsOf(sampleNetwork())).toEqual({ received: {}, sent: {} })
  const network = sampleNetwork({ uploadKilobitsPerSecond: 8_000, downloadPacketsPerSecond: 500 })
  expect(limitsOf(network)).toEqual({ received: { bytesPerSecond: 1_000_000 }, sent: { packetsPerSecond: 500 } })
})
