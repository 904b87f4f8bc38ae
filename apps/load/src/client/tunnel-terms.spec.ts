import { expect, it } from 'vitest'

import { tunnelTerms } from './tunnel-terms.ts'

it('reads what a server pushes, the last of each', () => {
  const options = [
    'topology subnet',
    'ifconfig 10.8.0.5 255.255.255.0',
    'ifconfig 10.8.1.6 255.255.254.0',
    'ifconfig-ipv6 fd00:8::106/112 fd00:8::1',
    'ping 10',
    'ping-restart 60',
  ]
  expect(tunnelTerms({ options })).toEqual({
    ipv4: '10.8.1.6',
    ipv6: 'fd00:8::106',
    blocks: ['10.8.0.0/23', 'fd00:8::/112'],
    pingSeconds: 10,
    pingRestartSeconds: 60,
  })
})

it('takes the second address of other topologies for the peer that it is', () => {
  expect(tunnelTerms({ options: ['ifconfig 10.8.0.6 10.8.0.5'] }).blocks).toEqual(['10.8.0.6/32'])
})

it.each([
  ['ifconfig 10.8.0.5 0.0.0.0', ['10.8.0.5/32']],
  ['ifconfig-ipv6 fd00::5/0 fd00::1', ['fd00::5/128']],
  ['ifconfig-ipv6 fd00::5/x fd00::1', ['fd00::5/128']],
  ['ifconfig nonsense 255.0.0.0', []],
  ['ifconfig fd00::5 255.0.0.0', []],
])('never takes the whole Internet for the tunnel: %s', (option, blocks) => {
  expect(tunnelTerms({ options: ['topology subnet', option, 'ping x'] })).toMatchObject({ blocks, pingSeconds: 0 })
})
