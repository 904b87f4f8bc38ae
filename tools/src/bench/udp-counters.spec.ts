import { expect, it } from 'vitest'

import { sumOfDatagrams } from './udp-counters.ts'

it('adds up what came and was lost at the socket, by the names of the kernel, and not what was sent', () => {
  const snmp = [
    'Ip: Forwarding InReceives',
    'Ip: 1 900',
    'Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors',
    'Udp: 100 20 9 5000 3 7',
    'UdpLite: InDatagrams',
    'UdpLite: 77',
  ].join('\n')
  expect(sumOfDatagrams(snmp)).toBe(123)
})
