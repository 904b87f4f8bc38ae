import { inNamespace, runHostCommand } from '@sallyport/packet-engine'
import { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { sampleNetwork } from './testing/sample-grant.ts'
import { applyFirewall, configureInterface, removeFirewall, removeStaleFirewalls } from './tunnel-interface.ts'

const DEVICE = 'spt250n0'
let namespace: Namespace

const network = () => sampleNetwork({ namespace: namespace.name })
const run = (...command: [string, ...string[]]) => runHostCommand(inNamespace(namespace.name, command))

beforeAll(async () => {
  namespace = await Namespace.create('tunif')
  await run('ip', 'tuntap', 'add', 'dev', DEVICE, 'mode', 'tun')
})
afterAll(async () => {
  await namespace[Symbol.asyncDispose]()
})

it('says which command failed and why', async () => {
  await expect(configureInterface(network(), 'no-such-dev')).rejects.toThrow(/ip -batch -: .*no-such-dev/s)
  await removeFirewall(namespace.name, 'no-such-dev')
})

it('gives the device its addresses and lets the namespace forward', async () => {
  await configureInterface(network(), DEVICE)
  const addresses = await run('ip', '-brief', 'address', 'show', 'dev', DEVICE)
  expect(addresses).toContain('10.8.0.1/24')
  expect(addresses).toContain('fd00:8::1/112')
  expect((await run('cat', '/proc/sys/net/ipv4/ip_forward')).trim()).toBe('1')
  expect((await run('cat', '/proc/sys/net/ipv6/conf/all/forwarding')).trim()).toBe('1')
})

it('replaces the rules without leaving the old ones', async () => {
  await applyFirewall({ ...network(), routes: ['172.16.0.0/12'] }, DEVICE)
  const rules = await run('nft', 'list', 'ruleset')
  expect(rules).toContain('ip daddr 172.16.0.0/12 accept')
  expect(rules).not.toContain('192.168.7.0/24')
  await removeFirewall(namespace.name, DEVICE)
  expect((await run('nft', 'list', 'ruleset')).trim()).toBe('')
})

it('removes what a killed run of this node left, and nothing of a node that runs', async () => {
  await applyFirewall(network(), DEVICE)
  await applyFirewall(network(), 'spt250n7')
  await applyFirewall(network(), 'spt25n0')
  expect(await removeStaleFirewalls('spt250n')).toBe(1)
  const tables = await run('nft', 'list', 'tables')
  expect(tables.trim().split('\n')).toEqual(['table inet sallyport_spt250n0', 'table inet sallyport_spt25n0'])
})
