import { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { EngineCounter, Listener } from './engine.ts'
import { createPacketEngine } from './native-engine.ts'
import { addNetwork, engineKey, EngineUnderTest, randomKeyPair } from './testing/tunnel.ts'

const THREADS = 3
/** One in each shard. */
const PEERS = [1, 2, 3] as const
const PORT = 5301
const SECONDS = 2
/** Each from a port of its own. */
const FLOWS = 4
const DATAGRAMS = 5_000

// For each of the addresses flows of datagrams numbered from 0, a burst at a time.
const SEND_DATAGRAMS = `
const addresses = process.argv.slice(1)
const sockets = Array.from({ length: ${String(FLOWS)} }, () =>
  require('node:dgram').createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 }))
let next = 0
const burst = () => {
  for (const end = next + 20; next < end; next += 1) {
    const payload = Buffer.alloc(200)
    payload.writeUInt32BE(next, 0)
    for (const socket of sockets) for (const address of addresses) socket.send(payload, ${String(PORT)}, address)
  }
  if (next < ${String(DATAGRAMS)}) setTimeout(burst, 2)
  else setTimeout(() => sockets.forEach((socket) => socket.close()), 200)
}
burst()
`

// Says how many came to each address, and how many of them behind a later one of their flow.
const RECEIVE_DATAGRAMS = `
const addresses = process.argv.slice(1)
const result = addresses.map(() => ({ received: 0, late: 0 }))
addresses.forEach((address, index) => {
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  const last = new Map()
  socket.on('message', (payload, { port }) => {
    const number = payload.readUInt32BE(0)
    result[index].received += 1
    if (number < (last.get(port) ?? 0)) result[index].late += 1
    else last.set(port, number)
  })
  socket.bind(${String(PORT)}, address)
})
let before = 0
setInterval(() => {
  const total = result.reduce((sum, { received }) => sum + received, 0)
  if (total > 0 && total === before) { console.log(JSON.stringify(result)); process.exit(0) }
  before = total
}, 700)
`

let server: EngineUnderTest
let client: EngineUnderTest
let inside: Namespace
let outside: Namespace

/** A server of three data threads, and a client engine that has a peer, an address and a UDP port for each of them. */
beforeAll(async () => {
  server = new EngineUnderTest('127.0.0.1', { dataThreads: THREADS })
  client = new EngineUnderTest()
  inside = await addNetwork(server.engine, 1, 'spe-threads-in')
  outside = await Namespace.create('spe-threads-out')
  client.engine.addNetwork({ network: 1, namespace: outside.name, interfaceName: 'tun0', routeBy: 'source' })
  for (const peer of PEERS) {
    await outside.exec('ip', 'address', 'add', `${outer(peer)}/24`, 'dev', 'tun0')
    addPeer(peer)
  }
  await outside.exec('ip', 'link', 'set', 'tun0', 'up')
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await inside[Symbol.asyncDispose]()
  await outside[Symbol.asyncDispose]()
})

function outer(peer: number): string {
  return `10.8.0.${String(peer + 1)}`
}

function addPeer(peerId: number): void {
  const port: Listener = client.engine.listen({ transport: 'udp', address: '127.0.0.1', port: 0 })
  const common = { peerId, network: 1, ipv4: outer(peerId), ipv6: undefined }
  server.engine.addPeer({ ...common, path: server.pathTo(port) })
  client.engine.addPeer({
    ...common,
    path: {
      ...client.pathTo(server.local),
      listener: port.listener,
      local: { address: port.address, port: port.port },
    },
  })
  const key = engineKey(randomKeyPair('AES-256-GCM', 0), peerId, 'primary')
  server.engine.setKey(key)
  client.engine.setKey({ ...key, sealKey: key.openKey, sealIv: key.openIv, openKey: key.sealKey, openIv: key.sealIv })
}

/** Sums over both ends of what TCP saw arrive out of order, or took for it. */
async function reordered(): Promise<number> {
  let sum = 0
  for (const namespace of [inside, outside]) {
    const { stdout } = await namespace.try('cat', '/proc/net/netstat')
    const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('TcpExt:'))
    const seen = new Map(names.split(' ').map((name, index) => [name, Number(values.split(' ')[index])]))
    for (const name of ['TCPSACKReorder', 'TCPTSReorder', 'TCPRenoReorder']) sum += seen.get(name) ?? 0
  }
  return sum
}

/** Two TCP streams at once to each of the addresses, from each side in turn. */
async function streams(from: Namespace, to: Namespace, addresses: readonly string[]): Promise<void> {
  await Promise.all(
    addresses.map(async (address, index) => {
      const port = String(5400 + index)
      const listening = to.try('iperf3', '-s', '-1', '-B', address, '-p', port)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const bind = from === outside ? ['-B', outer(index + 1)] : []
      const { stdout } = await from.try(
        'iperf3',
        '-J',
        '-P',
        '2',
        '-t',
        String(SECONDS),
        '-c',
        address,
        '-p',
        port,
        ...bind,
      )
      expect(stdout).toContain('"end"')
      await listening
    }),
  )
}

const count = (name: EngineCounter) => server.engine.counters()[name]

it('says how many data threads there are, and refuses none and too many', () => {
  expect(server.engine.capabilities().dataThreads).toBe(THREADS)
  const nothing = () => undefined
  const handlers = { onControl: nothing, onEvent: nothing, onForeignStream: nothing, onFatal: nothing }
  for (const dataThreads of [0, 17, 1.5]) {
    expect(() => createPacketEngine(handlers, { dataThreads })).toThrow(
      /number of data threads must be .* from 1 to 16/,
    )
  }
})

it.each(['down', 'up'])('keeps the order of many TCP streams %s the tunnel', { timeout: 60_000 }, async (way) => {
  const before = await reordered()
  const [from, to] = way === 'down' ? [inside, outside] : [outside, inside]
  await streams(from, to, way === 'down' ? PEERS.map(outer) : PEERS.map(() => '10.8.0.1'))
  expect((await reordered()) - before).toBe(0)
  for (const peer of PEERS) expect(server.engine.statistics(peer).sentPackets).toBeGreaterThan(100n)
})

it('keeps the order of datagrams that nobody answers', { timeout: 60_000 }, async () => {
  const handedBefore = count('packetsHandedOver')
  const addresses = PEERS.map(outer)
  const receiving = outside.try(process.execPath, '-e', RECEIVE_DATAGRAMS, ...addresses)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await inside.exec(process.execPath, '-e', SEND_DATAGRAMS, ...addresses)
  const result: unknown = JSON.parse((await receiving).stdout)
  expect(result).toEqual(PEERS.map(() => ({ received: FLOWS * DATAGRAMS, late: 0 })))
  // Of twelve flows not all have hit the queue of their own shard.
  expect(count('packetsHandedOver')).toBeGreaterThan(handedBefore)
})
