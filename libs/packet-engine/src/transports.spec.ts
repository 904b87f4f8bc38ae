import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'

import { connect as connectNamespaces, Namespace } from '@sallyport/testkit'
import { describe, expect, it, vi } from 'vitest'

import type { ControlPacket, Listener } from './engine.ts'
import { openPacket, sealPacket } from './reference.ts'
import { echoReplyPayload, echoRequest } from './testing/inner-packet.ts'
import { frame, HARD_RESET, TcpClient } from './testing/tcp-client.ts'
import { addNetwork, engineKey, EngineUnderTest, type KeyPair, randomKeyPair } from './testing/tunnel.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 } as const
const FORGED_BYTE = 30

async function controlFrom(test: EngineUnderTest, count = 1): Promise<ControlPacket[]> {
  await vi.waitFor(() => {
    expect(test.control.length).toBeGreaterThanOrEqual(count)
  })
  return test.control.splice(0)
}

/** A peer with the inner address 10.8.0.2 and a key, by the path of the control packet that came last. */
async function addPeer(test: EngineUnderTest): Promise<KeyPair> {
  const [packet] = await controlFrom(test)
  if (!packet) throw new Error('no control packet')
  const pair = randomKeyPair('AES-256-GCM', 0)
  test.engine.addPeer({ peerId: 1, network: 0, path: packet.path, ipv4: '10.8.0.2', ipv6: undefined })
  test.engine.setKey(engineKey(pair, 1, 'primary'))
  return pair
}

function sealed(pair: KeyPair, packetId: number, payload: string): Buffer {
  const request = echoRequest('10.8.0.2', '10.8.0.1', Buffer.from(payload))
  return Buffer.from(sealPacket(pair.toServer, { peerId: 1, keyId: 0, packetId }, request))
}

function payloadOf(pair: KeyPair, packet: Buffer | undefined): string | undefined {
  const opened = openPacket(pair.toClient, packet ?? Buffer.alloc(0))
  return opened && echoReplyPayload(Buffer.from(opened.text))?.toString()
}

describe('an engine on all addresses of the host', () => {
  it.each(['0.0.0.0', '::'])('sends answers and data from the address that the client used, on %s', async (address) => {
    await using test = new EngineUnderTest(address)
    await using namespace = await addNetwork(test.engine, 0, 'spe-local')
    expect(namespace.name).toContain('spe-local')
    // A connected socket takes datagrams from that address and port only.
    const client = createSocket('udp4')
    const received: Buffer[] = []
    client.on('message', (bytes) => received.push(bytes))
    client.connect(test.local.port, '127.0.0.5')
    await once(client, 'connect')

    client.send(HARD_RESET)
    const [packet] = await controlFrom(test)
    expect(packet?.path).toEqual({
      listener: 0,
      transport: 'udp',
      remote: { address: '127.0.0.1', port: client.address().port },
      local: { address: '127.0.0.5', port: test.local.port },
      stream: undefined,
    })
    if (packet) test.engine.sendControl(packet.path, Buffer.from('answer'))
    await vi.waitFor(() => {
      expect(received.map(String)).toEqual(['answer'])
    })

    client.send(HARD_RESET)
    const pair = await addPeer(test)
    client.send(sealed(pair, 1, 'data'))
    await vi.waitFor(() => {
      expect(payloadOf(pair, received[1])).toBe('data')
    })
    expect(test.events).toEqual([])
    client.close()
  })

  it('does so for IPv6 addresses too', async () => {
    await using test = new EngineUnderTest('::')
    await using namespace = await Namespace.create('spe-six')
    await using link = await connectNamespaces(
      { namespace: undefined, device: 'spesix0', addresses: ['fd77:5a11::1/64', 'fd77:5a11::2/64', 'fd77:5a11::3/64'] },
      { namespace, device: 'spesix1', addresses: ['fd77:5a11::9/64'] },
    )
    expect(link).toBeDefined()
    const answered = namespace.exec(
      process.execPath,
      '-e',
      `const socket = require('node:dgram').createSocket('udp6')
       socket.on('message', (bytes, { address }) => { console.log(String(bytes), address); socket.close() })
       socket.send(Buffer.from('${HARD_RESET.toString('hex')}', 'hex'), ${String(test.local.port)}, 'fd77:5a11::2')`,
    )
    const [packet] = await controlFrom(test)
    expect(packet?.path).toMatchObject({ local: { address: 'fd77:5a11::2' }, remote: { address: 'fd77:5a11::9' } })
    if (packet) test.engine.sendControl(packet.path, Buffer.from('answer'))
    expect(await answered).toBe('answer fd77:5a11::2\n')
  })
})

describe('several listeners', () => {
  it('say which of them a packet came by, and answer by the same', async () => {
    await using test = new EngineUnderTest()
    const listeners: Listener[] = [
      test.local,
      test.engine.listen({ transport: 'udp', ...LOOPBACK }),
      test.engine.listen({ transport: 'tcp', ...LOOPBACK }),
      test.engine.listen({ transport: 'tcp', address: '::1', port: 0 }),
    ]
    expect(listeners.map(({ listener }) => listener)).toEqual([0, 1, 2, 3])
    await using first = await TcpClient.create(listeners[2] ?? LOOPBACK)
    await using second = await TcpClient.create(listeners[3] ?? LOOPBACK)
    first.send(HARD_RESET)
    second.send(HARD_RESET)
    const packets = await controlFrom(test, 2)
    const [one, other] = packets.map(({ path }) => path).sort((a, b) => a.listener - b.listener)
    expect(one).toMatchObject({ listener: 2, transport: 'tcp', remote: first.endPoint })
    expect(other).toMatchObject({ listener: 3, transport: 'tcp', local: { address: '::1' }, remote: second.endPoint })
    expect(one?.stream).not.toBe(other?.stream)
    if (one) test.engine.sendControl(one, Buffer.from('one'))
    if (other) test.engine.sendControl(other, Buffer.from('other'))
    await vi.waitFor(() => {
      expect([...first.take(), ...second.take()].map(String)).toEqual(['one', 'other'])
    })
  })
})

describe('a TCP stream', () => {
  async function connectPeer(test: EngineUnderTest): Promise<{ client: TcpClient; pair: KeyPair }> {
    const client = await TcpClient.create(test.engine.listen({ transport: 'tcp', ...LOOPBACK }))
    client.send(HARD_RESET)
    return { client, pair: await addPeer(test) }
  }

  it('carries data both ways, numbered from 1 without a gap', async () => {
    await using test = new EngineUnderTest()
    await using namespace = await addNetwork(test.engine, 0, 'spe-tcp')
    expect(namespace.name).toContain('spe-tcp')
    const { client, pair } = await connectPeer(test)
    const count = 200
    client.send(...Array.from({ length: count }, (_, index) => sealed(pair, index + 1, `packet ${String(index)}`)))
    const replies: Buffer[] = []
    await vi.waitFor(() => {
      replies.push(...client.take())
      expect(replies).toHaveLength(count)
    })
    expect(replies.map((packet) => payloadOf(pair, packet))).toEqual(
      Array.from({ length: count }, (_, index) => `packet ${String(index)}`),
    )
    expect(replies.map((packet) => packet.readUInt32BE(4))).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    expect(test.engine.statistics(1)).toMatchObject({ receivedPackets: BigInt(count), sentPackets: BigInt(count) })
    await client[Symbol.asyncDispose]()
    await vi.waitFor(() => {
      expect(test.events).toMatchObject([{ type: 'stream-closed', stream: 1, peerId: 1, reason: 'peer-closed' }])
    })
    test.engine.deletePeer(1)
  })

  it('ends with a data packet that does not open, and with a frame of length 0', async () => {
    await using test = new EngineUnderTest()
    await using namespace = await addNetwork(test.engine, 0, 'spe-bad')
    expect(namespace.name).toContain('spe-bad')
    const { client, pair } = await connectPeer(test)
    const forged = sealed(pair, 1, 'forged')
    forged.writeUInt8(forged.readUInt8(FORGED_BYTE) ^ 1, FORGED_BYTE)
    client.send(forged)
    await client.ended
    await using other = await TcpClient.create(test.engine.listen({ transport: 'tcp', ...LOOPBACK }))
    other.send(HARD_RESET, new Uint8Array(0))
    await other.ended
    await vi.waitFor(() => {
      expect(test.events).toMatchObject([
        { type: 'stream-closed', peerId: 1, reason: 'bad-packet' },
        { type: 'stream-closed', peerId: undefined, reason: 'desynchronised', path: { transport: 'tcp', stream: 2 } },
      ])
    })
    expect(test.engine.counters()).toMatchObject({ dropBadTag: 1n, streamsBadPacket: 1n, streamsDesynchronised: 1n })
  })

  it('is closed after what was queued, and then unknown', async () => {
    await using test = new EngineUnderTest()
    await using client = await TcpClient.create(test.engine.listen({ transport: 'tcp', ...LOOPBACK }))
    client.send(HARD_RESET)
    const [packet] = await controlFrom(test)
    const path = packet?.path
    if (path?.stream === undefined) throw new Error('no stream')
    for (let index = 0; index < 60; index += 1) test.engine.sendControl(path, Buffer.alloc(1000, index))
    test.engine.closeStream(path.stream)
    await client.ended
    expect(client.take().map((bytes) => bytes[0])).toEqual(Array.from({ length: 60 }, (_, index) => index))
    test.engine.closeStream(path.stream)
    test.engine.sendControl(path, Buffer.from('too late'))
    expect(test.engine.counters().dropUnknownStream).toBe(1n)
    expect(() => {
      test.engine.sendControl(path, Buffer.alloc(5000))
    }).toThrow('no place on a stream')
    expect(test.events).toEqual([])
  })

  it('that has not yet begun to speak does not disturb others, and is closed unless it is OpenVPN', async () => {
    await using test = new EngineUnderTest()
    const listener = test.engine.listen({ transport: 'tcp', ...LOOPBACK })
    const silent = await Promise.all(Array.from({ length: 300 }, () => TcpClient.create(listener)))
    for (const client of silent) client.socket.write(frame(HARD_RESET).subarray(0, 10))
    await using speaker = await TcpClient.create(listener)
    speaker.send(HARD_RESET)
    expect((await controlFrom(test))[0]?.path.remote).toEqual(speaker.endPoint)
    await using web = await TcpClient.create(listener)
    web.socket.write('GET / HTTP/1.1\r\n\r\n')
    await web.ended
    expect(test.engine.counters()).toMatchObject({ dropForeignStream: 1n, streamsAccepted: 302n })
    for (const client of silent) await client[Symbol.asyncDispose]()
  })
})

describe('TCP streams of strangers', () => {
  it('make way for later ones from their address, but for no others, and not once they are admitted', async () => {
    await using test = new EngineUnderTest()
    const listener = test.engine.listen({ transport: 'tcp', ...LOOPBACK })
    await using admitted = await TcpClient.create(listener)
    admitted.send(HARD_RESET)
    const [first] = await controlFrom(test)
    test.engine.admitStream(first?.path.stream ?? 0)
    await using honest = await TcpClient.create(listener, '127.0.0.2')
    honest.send(HARD_RESET)
    const junk: TcpClient[] = []
    for (let index = 0; index < 100; index += 1) {
      const client = await TcpClient.create(listener)
      client.send(HARD_RESET, HARD_RESET)
      junk.push(client)
    }
    await Promise.all(junk.slice(0, 36).map(({ ended }) => ended))
    await vi.waitFor(() => {
      expect(test.events).toHaveLength(36)
    })
    expect(test.events[0]).toMatchObject({ type: 'stream-closed', stream: 3, reason: 'idle' })
    test.control.length = 0
    expect(test.engine.counters()).toMatchObject({ dropStreamOriginLimit: 36n, dropStreamLimit: 0n, streamsIdle: 0n })
    admitted.send(HARD_RESET)
    honest.send(HARD_RESET)
    await vi.waitFor(() => {
      expect(test.control.map(({ path }) => path.stream)).toEqual(expect.arrayContaining([1, 2]))
    })
    for (const client of junk) await client[Symbol.asyncDispose]()
  })

  it('lose no control packet when they send more than can wait', async () => {
    await using test = new EngineUnderTest()
    await using client = await TcpClient.create(test.engine.listen({ transport: 'tcp', ...LOOPBACK }))
    const count = 10_000
    client.send(
      HARD_RESET,
      ...Array.from({ length: count }, (_, index) => Buffer.from([0x20, index >> 8, index & 0xff])),
    )
    const packets = await controlFrom(test, count + 1)
    expect(packets.slice(1).every(({ bytes }, index) => Buffer.from(bytes).readUInt16BE(1) === index)).toBe(true)
    expect(test.engine.counters()).toMatchObject({ dropControlQueueFull: 0n, streamsPeerClosed: 0n })
    expect(test.engine.counters().streamsHeldBack).toBeGreaterThan(0n)
  })
})

describe('port sharing', () => {
  it('hands a stream that is not OpenVPN to its owner, with everything that was read', async () => {
    await using test = new EngineUnderTest()
    const listener = test.engine.listen({ transport: 'tcp', ...LOOPBACK, passForeign: true })
    const web = createServer((request, response) => response.end(`you asked for ${request.url ?? ''}`))
    const answered = new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port: listener.port, path: '/portal', agent: false }, (response) => {
        resolve(text(response))
      }).on('error', reject)
    })
    await vi.waitFor(() => {
      expect(test.foreign).toHaveLength(1)
    })
    const [stream] = test.foreign
    if (!stream) throw new Error('no stream')
    expect(stream.listener).toBe(listener.listener)
    expect(String(stream.bytes)).toContain('GET /portal HTTP/1.1')
    const socket = new Socket({ fd: stream.fd })
    socket.unshift(stream.bytes)
    web.emit('connection', socket)
    expect(await answered).toBe('you asked for /portal')
    expect(test.engine.counters()).toMatchObject({ streamsPassedOn: 1n, streamsAccepted: 1n })
    expect(test.events).toEqual([])
    socket.destroy()

    await using client = await TcpClient.create(listener)
    client.send(HARD_RESET)
    expect((await controlFrom(test))[0]?.path.remote).toEqual(client.endPoint)
  })
})
