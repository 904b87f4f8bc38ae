import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { EngineCounter } from './engine-counters.ts'
import { createPacketEngine } from './native-engine.ts'
import { EnginePair } from './testing/engine-pair.ts'

const THREADS = 3
/** One in each shard. */
const PEERS = [1, 2, 3] as const
const PORT = 5301
const SECONDS = 2
/** Each from a port of its own. */
const FLOWS = 4
const DATAGRAMS = 5_000
const LINE_TIMEOUT_MS = 20_000

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
  socket.bind(${String(PORT)}, address, () => { if (index === addresses.length - 1) console.log('listening') })
})
let before = 0
setInterval(() => {
  const total = result.reduce((sum, { received }) => sum + received, 0)
  if (total > 0 && total === before) { console.log(JSON.stringify(result)); process.exit(0) }
  before = total
}, 2000)
`

let pair: EnginePair

/** A server of three data threads, and a client engine that has a peer, an address and a UDP port for each of them. */
beforeAll(async () => {
  pair = await EnginePair.create('spe-threads', { dataThreads: THREADS })
  for (const peer of PEERS) {
    const listener = pair.client.engine.listen({ transport: 'udp', address: '127.0.0.1', port: 0 })
    await pair.connect(peer, outer(peer), undefined, listener)
  }
})

afterAll(async () => {
  await pair[Symbol.asyncDispose]()
})

function outer(peer: number): string {
  return `10.8.0.${String(peer + 1)}`
}

/** Sums over both ends of what TCP saw arrive out of order, or took for it. */
async function reordered(): Promise<number> {
  let sum = 0
  for (const namespace of [pair.inside, pair.outside]) {
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
      const bind = from === pair.outside ? ['-B', outer(index + 1)] : []
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

const count = (name: EngineCounter) => pair.server.engine.counters()[name]

it('says how many data threads there are, and refuses none and too many', () => {
  expect(pair.server.engine.capabilities().dataThreads).toBe(THREADS)
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
  const [from, to] = way === 'down' ? [pair.inside, pair.outside] : [pair.outside, pair.inside]
  await streams(from, to, way === 'down' ? PEERS.map(outer) : PEERS.map(() => '10.8.0.1'))
  expect((await reordered()) - before).toBe(0)
  for (const peer of PEERS) expect(pair.server.engine.statistics(peer).sentPackets).toBeGreaterThan(100n)
})

it('keeps the order of datagrams that nobody answers', { timeout: 60_000 }, async () => {
  const handedBefore = count('packetsHandedOver')
  const addresses = PEERS.map(outer)
  await using receiver = pair.outside.spawn(process.execPath, '-e', RECEIVE_DATAGRAMS, ...addresses)
  await receiver.waitForLine(/listening/, LINE_TIMEOUT_MS)
  await pair.inside.exec(process.execPath, '-e', SEND_DATAGRAMS, ...addresses)
  const result: unknown = JSON.parse(await receiver.waitForLine(/received/, LINE_TIMEOUT_MS))
  // A receiver that gets no time loses what comes meanwhile; what there is, is in order.
  const some = expect.toSatisfy((received: number) => received > (FLOWS * DATAGRAMS) / 4) as number
  expect(result).toEqual(PEERS.map(() => ({ received: some, late: 0 })))
  // Of twelve flows not all have hit the queue of their own shard.
  expect(count('packetsHandedOver')).toBeGreaterThan(handedBefore)
})
