import type { NodeNetwork } from '@sallyport/contracts'
import { createPacketEngine, type PacketEngine } from '@sallyport/packet-engine'
import { createLogger } from '@sallyport/telemetry'
import { Namespace } from '@sallyport/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { sampleNetwork } from './testing/sample-grant.ts'
import { TunnelNetworks } from './tunnel-networks.ts'

const nothing = () => undefined
let namespace: Namespace
let engine: PacketEngine
let networks: TunnelNetworks
let changes: NodeNetwork[]

const network = (name: string, changes: Partial<NodeNetwork> = {}): NodeNetwork =>
  sampleNetwork({
    networkId: name,
    name,
    namespace: namespace.name,
    routes: ['192.168.66.0/24', '192.168.77.0/24'],
    ...changes,
  })
const rules = () => namespace.exec('nft', 'list', 'ruleset')

beforeEach(async () => {
  namespace = await Namespace.create('tunnets')
  engine = createPacketEngine({ onControl: nothing, onEvent: nothing, onForeignStream: nothing, onFatal: nothing })
  changes = []
  const note = (changed: NodeNetwork) => changes.push(changed)
  networks = new TunnelNetworks(engine, 'spt250n', note, createLogger('test', 'silent'))
})
afterEach(async () => {
  await networks[Symbol.asyncDispose]()
  await engine[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

it('makes a device anew that somebody has deleted, with its addresses and rules', async () => {
  const index = await networks.ensure(network('a'))
  const described = () =>
    namespace.exec('ip', '-brief', 'address', 'show', 'scope', 'global', 'dev', `spt250n${String(index)}`)
  const before = [await described(), await rules()]
  await namespace.exec('ip', 'link', 'delete', `spt250n${String(index)}`)
  await networks.renew(networks.idOf(index) ?? '')
  expect([await described(), await rules()]).toEqual(before)
  expect(await networks.ensure(network('a'))).toBe(index)
  await networks.renew('of nobody')
})

it('says which namespace is missing', async () => {
  const missing = networks.ensure(network('a', { namespace: 'no-such-namespace' }))
  await expect(missing).rejects.toThrow(/network a: .*no-such-namespace/s)
})

it('gives the index of a network that could not be had to the next one', async () => {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(networks.ensure(network('a', { namespace: 'no-such-namespace' }))).rejects.toThrow()
  }
  expect(await networks.ensure(network('b'))).toBe(0)
})

it('refuses a block that overlaps another network of the namespace', async () => {
  await networks.ensure(network('a'))
  await expect(networks.ensure(network('b', { ipv4: '10.8.0.128/25', ipv6: null }))).rejects.toThrow(/overlap/)
  const other = network('c', { ipv4: '10.9.0.0/24' })
  await expect(networks.ensure(other)).rejects.toMatchObject({ code: 'network-overlaps' })
})

it('refuses a block of which the namespace has neighbours, or to which a route leads', async () => {
  await namespace.exec('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1')
  await namespace.exec('ip', 'address', 'add', '10.1.0.2/24', 'dev', 'lan0')
  await namespace.exec('ip', 'link', 'set', 'lan0', 'up')
  await namespace.exec('ip', 'route', 'add', '10.2.3.0/24', 'via', '10.1.0.1')
  await namespace.exec('ip', 'route', 'add', '10.0.0.0/8', 'via', '10.1.0.1')
  const pool = (ipv4: string) => networks.ensure(network(ipv4, { ipv4, ipv6: null }))
  await expect(pool('10.1.0.0/28')).rejects.toThrow(/10\.1\.0\.0\/28 overlap 10\.1\.0\.0\/24/)
  await expect(pool('10.2.0.0/16')).rejects.toThrow(/overlap 10\.2\.3\.0\/24/)
  await expect(pool('10.2.0.0/16')).rejects.toMatchObject({ code: 'network-overlaps' })
  expect(await pool('10.8.0.0/24')).toBe(0)
})

it('takes a removed route away with the next news of the network, and never goes back to older ones', async () => {
  await networks.ensure(network('a'))
  await networks.ensure(network('a', { routes: ['192.168.77.0/24'], version: 2 }))
  expect(await rules()).not.toContain('192.168.66.0/24')
  await networks.ensure(network('a'))
  await networks.update(network('a'))
  expect(await rules()).not.toContain('192.168.66.0/24')
})

it('applies changes in their order', async () => {
  await networks.ensure(network('a'))
  const updates = [2, 3, 4, 5].map((version) =>
    networks.update(network('a', { routes: [`172.16.${String(version)}.0/24`], version })),
  )
  await Promise.all(updates)
  expect(await rules()).toContain('172.16.5.0/24')
  expect(await rules()).not.toContain('172.16.4.0/24')
})

it('tells of a change once it holds, with the address block and the namespace that stay', async () => {
  await networks.ensure(network('a'))
  await networks.update(network('a', { version: 2, ipv4: '10.99.0.0/24', namespace: null, dnsServers: ['10.0.0.53'] }))
  await networks.update(network('a', { version: 2 }))
  await networks.update(network('never-asked-for', { version: 2 }))
  expect(changes).toEqual([network('a', { version: 2, dnsServers: ['10.0.0.53'] })])
})

it('tells of nothing that could not be applied, and tries it again with the next news', async () => {
  await networks.ensure(network('a'))
  await networks.update(network('a', { version: 2, routes: ['not a prefix'] }))
  expect(changes).toEqual([])
  await networks.update(network('a', { version: 2, routes: [] }))
  expect(changes.map(({ version }) => version)).toEqual([2])
})

it('leaves no rule behind, not even when the engine has stopped before', async () => {
  await networks.ensure(network('a'))
  await networks.ensure(network('b', { ipv4: '10.9.0.0/24', ipv6: null }))
  await engine[Symbol.asyncDispose]()
  await networks[Symbol.asyncDispose]()
  expect((await rules()).trim()).toBe('')
})
