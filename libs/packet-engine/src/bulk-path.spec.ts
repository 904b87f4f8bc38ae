import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { openPacket } from './reference.ts'
import { EnginePair } from './testing/engine-pair.ts'
import { checksumsRight, readTransportForm } from './testing/transport-packet-reference.ts'
import { engineKey, randomKeyPair, ReferenceClient } from './testing/tunnel.ts'

const PEER = 3
const READER = 4
const PORT = 5201
const BULK_BYTES = 48 * 1024 * 1024
const DATAGRAMS = 400
const DATAGRAM_BYTES = 700

const RECEIVE = `
const { createHash } = require('node:crypto')
const [address] = process.argv.slice(1)
require('node:net').createServer((socket) => {
  const hash = createHash('sha256')
  socket.on('data', (chunk) => hash.update(chunk))
  socket.on('end', () => { console.log(hash.digest('hex')); process.exit(0) })
}).listen(${String(PORT)}, address)
`

const SEND = `
const { createHash, createCipheriv, randomBytes } = require('node:crypto')
const [address] = process.argv.slice(1)
const noise = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16))
const hash = createHash('sha256')
const connect = () => {
  const socket = require('node:net').connect(${String(PORT)}, address)
  socket.on('error', () => setTimeout(connect, 20))
  socket.on('connect', async () => {
    for (let sent = 0; sent < ${String(BULK_BYTES)}; sent += 65536) {
      const chunk = noise.update(Buffer.alloc(65536))
      hash.update(chunk)
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve))
    }
    socket.end(() => console.log(hash.digest('hex')))
  })
}
connect()
`

const SEND_DATAGRAMS = `
const [address] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
for (let index = 0; index < ${String(DATAGRAMS)}; index += 1) {
  const payload = Buffer.alloc(${String(DATAGRAM_BYTES)}, index)
  payload.writeUInt32BE(index, 0)
  socket.send(payload, ${String(PORT)}, address, () => { if (index === ${String(DATAGRAMS - 1)}) socket.close() })
}
`

let pair: EnginePair
let reader: ReferenceClient
const readerKeys = randomKeyPair('CHACHA20-POLY1305', 0)

/** Two engines, one of them as a client, with a tunnel in between; and a second network that the server routes to. */
beforeAll(async () => {
  pair = await EnginePair.create('spe-bulk')
  await pair.connect(PEER, '10.8.0.2', 'fd00::2')
  reader = await ReferenceClient.create(pair.server.local)
  await addRoutedNetwork()
})

afterAll(async () => {
  await reader[Symbol.asyncDispose]()
  await pair[Symbol.asyncDispose]()
})

async function addRoutedNetwork(): Promise<void> {
  pair.server.engine.addNetwork({ network: 2, namespace: pair.inside.name, interfaceName: 'tun1' })
  await pair.inside.exec('ip', 'address', 'add', '10.9.0.1/24', 'dev', 'tun1')
  await pair.inside.exec('ip', 'link', 'set', 'tun1', 'up')
  await pair.inside.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await pair.outside.exec('ip', 'route', 'add', '10.9.0.0/24', 'via', '10.8.0.1')
  const path = pair.server.pathTo(reader.endPoint)
  pair.server.engine.addPeer({ peerId: READER, network: 2, path, ipv4: '10.9.0.2', ipv6: undefined })
  pair.server.engine.setKey(engineKey(readerKeys, READER, 'primary'))
}

async function transfer(from: Namespace, to: Namespace, address: string): Promise<readonly string[]> {
  const runs = await Promise.all([
    to.try(process.execPath, '-e', RECEIVE, address),
    from.try(process.execPath, '-e', SEND, address),
  ])
  return runs.map(({ stdout }) => stdout.trim())
}

describe('bulk TCP', { timeout: 60_000 }, () => {
  it.each([
    ['down the tunnel by IPv4', '10.8.0.2'],
    ['down the tunnel by IPv6', 'fd00::2'],
    ['up the tunnel by IPv4', '10.8.0.1'],
    ['up the tunnel by IPv6', 'fd00::1'],
  ])('arrives %s as it was sent', async (_, address) => {
    const down = address.endsWith('2')
    const [received, sent] = await transfer(
      down ? pair.inside : pair.outside,
      down ? pair.outside : pair.inside,
      address,
    )
    expect(sent).toMatch(/^[0-9a-f]{64}$/)
    expect(received).toBe(sent)
    const [sender, receiver] = down ? [pair.server, pair.client] : [pair.client, pair.server]
    expect(sender.engine.statistics(PEER).sentBytes).toBeGreaterThan(BigInt(BULK_BYTES))
    const { dropBadTag, dropReplayed, dropNotIp } = receiver.engine.counters()
    expect([dropBadTag, dropReplayed, dropNotIp]).toEqual([0n, 0n, 0n])
    expect(sender.events).not.toContainEqual(expect.objectContaining({ type: 'offload-lost' }))
  })
})

describe('a segment limit', () => {
  it('lowers what a connection announces to the peer', async () => {
    const path = pair.server.pathTo(reader.endPoint)
    const segmentLimit = { ipv4: 1111, ipv6: 0 }
    pair.server.engine.addPeer({ peerId: 8, network: 2, path, ipv4: '10.9.0.8', ipv6: undefined, segmentLimit })
    pair.server.engine.setKey(engineKey(readerKeys, 8, 'primary'))
    reader.take()
    const connect = `require('node:net').connect(${String(PORT)}, '10.9.0.8'); setTimeout(process.exit, 500)`
    await pair.inside.try(process.execPath, '-e', connect)
    const [syn] = reader.take().map((packet) => Buffer.from(openPacket(readerKeys.toClient, packet)?.text ?? []))
    const form = syn && readTransportForm(syn)
    expect(syn?.subarray(40, 44).toString('hex')).toBe('02040457')
    expect(syn !== undefined && form !== undefined && checksumsRight(syn, form)).toBe(true)
  })
})

describe('datagrams that follow each other', () => {
  it('arrive behind two tunnels in order, with right checksums', { timeout: 20_000 }, async () => {
    await pair.outside.exec(process.execPath, '-e', SEND_DATAGRAMS, '10.9.0.2')
    const packets: Buffer[] = []
    await vi.waitFor(
      () => {
        packets.push(...reader.take())
        expect(packets).toHaveLength(DATAGRAMS)
      },
      { timeout: 10_000, interval: 5 },
    )
    packets.forEach((packet, index) => {
      const text = Buffer.from(openPacket(readerKeys.toClient, packet)?.text ?? [])
      const form = readTransportForm(text)
      expect(form !== undefined && checksumsRight(text, form)).toBe(true)
      const payload = text.subarray(form?.payloadOffset)
      expect(payload.readUInt32BE(0)).toBe(index)
      expect(payload.subarray(4).equals(Buffer.alloc(DATAGRAM_BYTES - 4, index))).toBe(true)
    })
  })
})

describe('a peer with an MTU', () => {
  it('is not sent longer packets, of which their sender hears', async () => {
    const path = pair.server.pathTo(reader.endPoint)
    pair.server.engine.addPeer({ peerId: 9, network: 2, path, ipv4: '10.9.0.9', ipv6: undefined, mtu: 1300 })
    pair.server.engine.setKey(engineKey(readerKeys, 9, 'primary'))
    const ping = ['ping', '-c', '1', '-W', '1', '-M', 'do'] as const
    const { stdout } = await pair.inside.try(...ping, '-s', '1300', '10.9.0.9')
    expect(stdout).toMatch(/mtu ?= ?1300/)
    expect(pair.server.engine.counters()).toMatchObject({ dropTooBig: 1n, tooBigAnswered: 1n })
    await pair.inside.try(...ping, '-s', '1272', '10.9.0.9')
    expect(pair.server.engine.statistics(9)).toMatchObject({ sentPackets: 1n, sentBytes: 1300n })
  })
})

describe('what a listener or a peer cannot have', () => {
  it.each([-1, 64, 1.5])('is the DSCP %d', (dscp) => {
    expect(() => pair.server.engine.listen({ transport: 'udp', address: '127.0.0.1', port: 0, dscp })).toThrow(/DSCP/)
  })

  it.each([
    ['an MTU below that of IPv4', { mtu: 67 }],
    ['an MTU beyond what is carried', { mtu: 9001 }],
    ['a negative segment limit', { segmentLimit: { ipv4: -1, ipv6: 0 } }],
    ['a segment limit that is no whole number', { segmentLimit: { ipv4: 0, ipv6: 1200.5 } }],
  ])('is %s', (_, fit) => {
    const path = pair.server.pathTo(reader.endPoint)
    const peer = { peerId: 10, network: 2, path, ipv4: '10.9.0.10', ipv6: undefined }
    expect(() => {
      pair.server.engine.addPeer({ ...peer, ...fit })
    }).toThrow(/MTU|segment limit/)
  })
})

describe('capabilities', () => {
  it('are what this kernel gives', () => {
    expect(pair.server.engine.capabilities()).toMatchObject({
      segmentation: true,
      receiveOffload: true,
      tunOffload: 'tcp-udp',
    })
  })
})
