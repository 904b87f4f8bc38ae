import { expect, it } from 'vitest'

import { destination, isEcho, parseCapture, sealedPacket, source, timeToLive } from './captured-packet.ts'

// Lines of tcpdump 4.99: an echo request in the TUN, then a DATA_V2 packet of peer-id 3 with packet id 7.
const LINES = [
  'listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes',
  '1700000000.250000 tun0  Out IP 10.8.0.2 > 192.168.77.2: ICMP echo request, id 1, seq 1, length 8',
  '\t0x0000:  4500 001c 0001 4000 4001 0000 0a08 0002',
  '\t0x0010:  c0a8 4d02 0800 0000 0001 0001',
  '1700000000.250100 eth0  Out IP 198.18.5.2.40000 > 198.18.5.1.1194: UDP, length 24',
  '\t0x0000:  4500 0034 0001 4000 4011 0000 c612 0502',
  '\t0x0010:  c612 0501 9c40 04aa 0020 0000 4800 0003',
  '\t0x0020:  0000 0007 0102 0304 0506 0708 090a 0b0c',
  '\t0x0030:  0d0e 0f10',
]

it('reads devices, directions and addresses from what tcpdump printed', () => {
  const [asked, sealed] = parseCapture(LINES)
  if (!asked || !sealed) throw new Error('two packets were printed')
  expect([asked.device, asked.direction, source(asked), destination(asked), timeToLive(asked)]).toEqual([
    'tun0',
    'Out',
    '10.8.0.2',
    '192.168.77.2',
    64,
  ])
  expect(isEcho(asked, 'request')).toBe(true)
  expect(isEcho(asked, 'reply')).toBe(false)
  expect(isEcho(sealed, 'request')).toBe(false)
  expect(sealedPacket(asked)).toBeUndefined()
  expect(sealedPacket(sealed)).toEqual({
    from: '198.18.5.2:40000',
    to: '198.18.5.1:1194',
    peerId: 3,
    packetId: 7,
    sealedBytes: 24,
    sample: '0102030405060708090a0b0c0d0e0f10',
  })
})
