import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

import { Metrics } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { PortShare, SHARED_STREAM_OUTCOMES } from './port-share.ts'

/** Stands for the web server behind the shared port: says in capitals what it is told, after its client has ended. */
async function listen(serve: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not an inet address')
  return { server, port: address.port }
}

async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined)
  await once(socket, 'close')
  return text
}

const outcomes = new Metrics().reasonCounter('shared', 'Shared streams.', SHARED_STREAM_OUTCOMES)
let web: { server: Server; port: number }
let front: { server: Server; port: number }
let accepted: Promise<Socket>
let share: PortShare
let served: Socket[]

beforeEach(async () => {
  served = []
  web = await listen((socket) => {
    served.push(socket)
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('error', () => undefined)
    socket.on('end', () => socket.end(heard.toUpperCase()))
  })
  const taken = Promise.withResolvers<Socket>()
  accepted = taken.promise
  front = await listen(taken.resolve)
})
afterEach(() => {
  share[Symbol.dispose]()
  for (const socket of served) socket.destroy()
  web.server.close()
  front.server.close()
})

it('sends on what was read already, then the rest, and the answer back after the client ended its half', async () => {
  share = new PortShare({ host: '127.0.0.1', port: web.port }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1', allowHalfOpen: true })
  const before = outcomes.values()
  share.passOn(await accepted, Buffer.from('hello '))
  expect(share.streamCount).toBe(1)
  client.end('world')
  expect(await readAll(client)).toBe('HELLO WORLD')
  await expect.poll(() => share.streamCount).toBe(0)
  await expect.poll(() => outcomes.values()['passed-on']).toBe(before['passed-on'] + 1)
})

it('does not cut an answer that the client is slow to read', async () => {
  // More than the socket buffers on the way take together.
  const size = 64 << 20
  web.server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    served.push(socket.on('error', () => undefined).end(Buffer.alloc(size, 'x')))
  })
  share = new PortShare({ host: '127.0.0.1', port: web.port }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1' })
  share.passOn(await accepted, Buffer.from('x'))
  await expect.poll(() => served[0]?.writableLength).toBeGreaterThan(0)
  expect((await readAll(client)).length).toBe(size)
})

it('ends the stream when nobody answers there', async () => {
  share = new PortShare({ host: '127.0.0.1', port: await unusedPort() }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1' })
  const before = outcomes.values()
  share.passOn(await accepted, Buffer.from('hello'))
  expect(await readAll(client)).toBe('')
  expect(outcomes.values().unreachable).toBe(before.unreachable + 1)
})

it('turns streams away beyond its bound, and closes them', async () => {
  share = new PortShare({ host: '127.0.0.1', port: web.port, maxStreams: 0 }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1' })
  const before = outcomes.values()
  share.passOn(await accepted, Buffer.from('hello'))
  expect(await readAll(client)).toBe('')
  expect(outcomes.values()['too-many']).toBe(before['too-many'] + 1)
  expect(served).toEqual([])
})

it('turns away who has as many streams as one source may have, and nobody else', async () => {
  share = new PortShare({ host: '127.0.0.1', port: web.port, maxStreamsPerSource: 1 }, outcomes)
  const before = outcomes.values()
  connect({ port: front.port, host: '127.0.0.1' })
  share.passOn(await accepted, Buffer.from('hello'))
  const again = Promise.withResolvers<Socket>()
  front.server.removeAllListeners('connection').on('connection', again.resolve)
  const second = connect({ port: front.port, host: '127.0.0.1' })
  share.passOn(await again.promise, Buffer.from('hello'))
  expect(await readAll(second)).toBe('')
  const elsewhere = Promise.withResolvers<Socket>()
  front.server.removeAllListeners('connection').on('connection', elsewhere.resolve)
  connect({ port: front.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
  share.passOn(await elsewhere.promise, Buffer.from('hello'))
  expect(share.streamCount).toBe(2)
  expect(outcomes.values()['too-many']).toBe(before['too-many'] + 1)
})

it.each([
  ['says nothing more', () => undefined],
  ['goes on sending', (client: Socket) => setInterval(() => client.write('more'), 20).unref()],
])('ends the stream of a client that %s after the server has ended', async (_, goOn) => {
  web.server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    served.push(socket.on('error', () => undefined).end('bye'))
    socket.resume()
  })
  share = new PortShare({ host: '127.0.0.1', port: web.port, lingerMs: 100 }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined)
  const timer = goOn(client)
  share.passOn(await accepted, Buffer.from('hello'))
  const answer = new Promise((resolve) => client.once('data', resolve))
  expect([String(await answer), share.streamCount]).toEqual(['bye', 1])
  await expect.poll(() => share.streamCount).toBe(0)
  clearInterval(timer)
  client.destroy()
})

it('ends a stream on which nothing moves', async () => {
  share = new PortShare({ host: '127.0.0.1', port: web.port, idleMs: 50 }, outcomes)
  const client = connect({ port: front.port, host: '127.0.0.1' })
  share.passOn(await accepted, Buffer.from('hello'))
  expect(await readAll(client)).toBe('')
})

async function unusedPort(): Promise<number> {
  const { server, port } = await listen(() => undefined)
  server.close()
  await once(server, 'close')
  return port
}
