import { expect, it } from 'vitest'

import { firewallScript, tablesOfNode } from './firewall.ts'
import { sampleNetwork } from './testing/sample-grant.ts'

const network = sampleNetwork()

it('lets clients reach the routes of the network and drops the rest', () => {
  const lines = firewallScript(network, 'spt3n0')
    .split('\n')
    .map((line) => line.trim())
  const drop = lines.indexOf('iifname "spt3n0" drop', lines.indexOf('chain forward {'))
  expect(lines.indexOf('iifname "spt3n0" oifname "spt*" drop')).toBeLessThan(drop)
  expect(lines.indexOf('iifname "spt3n0" ip daddr 192.168.7.0/24 accept')).toBeLessThan(drop)
  expect(lines.indexOf('iifname "spt3n0" ip6 daddr fd00:7::/64 accept')).toBeLessThan(drop)
})

it('hides clients of both families behind the node', () => {
  const script = firewallScript(network, 'spt3n0')
  expect(script).toContain('ip saddr 10.8.0.0/24 oifname != "spt3n0" masquerade')
  expect(script).toContain('ip6 saddr fd00:8::/112 oifname != "spt3n0" masquerade')
})

it('finds only the tables of its own node slot', () => {
  const listing =
    'table inet filter\ntable inet sallyport_spt3n0\ntable inet sallyport_spt31n0\ntable inet sallyport_spt3n12\n'
  expect(tablesOfNode(listing, 'spt3n')).toEqual(['sallyport_spt3n0', 'sallyport_spt3n12'])
})
