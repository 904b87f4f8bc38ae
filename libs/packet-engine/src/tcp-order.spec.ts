import { connect, type Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { EnginePair } from './testing/engine-pair.ts'

const PEER = 5
const PORT = 5202
const BULK_BYTES = 96 * 1024 * 1024
/** What a queue that overflows on a busy machine may cost; reordering would cost hundreds. */
const NOISE_RETRANSMITS = 60

const RECEIVE = `
const [address] = process.argv.slice(1)
require('node:net').createServer((socket) => {
  let bytes = 0
  socket.on('data', (chunk) => { bytes += chunk.length })
  socket.on('end', () => { console.log(bytes); process.exit(0) })
}).listen(${String(PORT)}, address)
`

const SEND = `
const [address] = process.argv.slice(1)
const chunk = Buffer.alloc(65536, 7)
const connect = () => {
  const socket = require('node:net').connect(${String(PORT)}, address)
  socket.on('error', () => setTimeout(connect, 20))
  socket.on('connect', async () => {
    for (let sent = 0; sent < ${String(BULK_BYTES)}; sent += chunk.length) {
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve))
    }
    socket.end()
  })
}
connect()
`

interface Counts {
  /** Segments that the receiver had to put aside because one before them was missing (TCPI_RCV_OOOPACK). */
  readonly outOfOrder: number
  readonly retransmits: number
  /** Times that the sender found a hole to have been a change of order, not a loss. */
  readonly reorderings: number
}

let pair: EnginePair

beforeAll(async () => {
  pair = await EnginePair.create('spe-tcp')
  await pair.connect(PEER, '10.8.0.2')
})

afterAll(async () => {
  await pair[Symbol.asyncDispose]()
})

/** A counter of a namespace, of which the tables have a line of names before each line of values. */
async function counter(namespace: Namespace, name: string): Promise<number> {
  const tables = await namespace.exec('cat', '/proc/net/snmp', '/proc/net/netstat')
  const rows = tables.split('\n').map((line) => line.split(' '))
  const at = rows.findIndex((row) => row[0]?.startsWith('Tcp') === true && row.includes(name))
  const value = rows[at + 1]?.[rows[at]?.indexOf(name) ?? -1]
  if (value === undefined) throw new Error(`the kernel has no counter ${name}`)
  return Number(value)
}

async function transfer(from: Namespace, to: Namespace, address: string): Promise<Counts> {
  const read = async (): Promise<Counts> => ({
    outOfOrder: await counter(to, 'TCPOFOQueue'),
    retransmits: await counter(from, 'RetransSegs'),
    reorderings: (await counter(from, 'TCPSACKReorder')) + (await counter(from, 'TCPTSReorder')),
  })
  const before = await read()
  const [received] = await Promise.all([
    to.exec(process.execPath, '-e', RECEIVE, address),
    from.exec(process.execPath, '-e', SEND, address),
  ])
  expect(Number(received)).toBe(BULK_BYTES)
  const after = await read()
  return {
    outOfOrder: after.outOfOrder - before.outOfOrder,
    retransmits: after.retransmits - before.retransmits,
    reorderings: after.reorderings - before.reorderings,
  }
}

it(
  'TCP through the tunnel keeps its order, and is sent again no more than over a plain link',
  { timeout: 120_000 },
  async () => {
    await using _link = await connect(
      { namespace: pair.outside, device: 'plain0', addresses: ['10.7.0.2/24'] },
      { namespace: pair.inside, device: 'plain0', addresses: ['10.7.0.1/24'] },
    )
    for (const [from, to, address, plainAddress] of [
      [pair.outside, pair.inside, '10.8.0.1', '10.7.0.1'],
      [pair.inside, pair.outside, '10.8.0.2', '10.7.0.2'],
    ] as const) {
      const tunnel = await transfer(from, to, address)
      const plain = await transfer(from, to, plainAddress)
      expect(tunnel.reorderings).toBe(0)
      expect(tunnel.retransmits).toBeLessThanOrEqual(plain.retransmits + NOISE_RETRANSMITS)
      if (tunnel.retransmits === 0) expect(tunnel.outOfOrder).toBe(0)
    }
  },
)
