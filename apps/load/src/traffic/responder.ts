import { Buffer } from 'node:buffer'
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

import { describeError } from '@sallyport/foundation'

import { type HostPort, hostPortText } from '../end-point.ts'
import { LoadError } from '../load-error.ts'
import { DATAGRAM_BYTES, parseDatagram, serialiseDatagram } from './datagram.ts'

/** What a TCP client says first. */
export const BULK_GREETINGS = {
  'bulk-up': (): string => 'up\n',
  'bulk-down': (bytesPerSecond: number | undefined): string => `down ${String(Math.ceil(bytesPerSecond ?? 0))}\n`,
} as const

const SLICE_MS = 20
const SLICES_PER_REQUEST = 1_000 / SLICE_MS
const MAX_REQUESTS = 65_536
const MAX_PACKETS_PER_REQUEST = 100_000
const MAX_PAYLOAD_BYTES = 1_400
const MAX_GREETING_CHARACTERS = 32
const CHUNK = Buffer.alloc(64 * 1024)

interface Request {
  readonly from: RemoteInfo
  readonly datagram: Buffer
  readonly perSlice: number
  slices: number
  owed: number
}

/**
 * The other end of a load run's traffic, behind the server: sends echo datagrams back, sends the packets that are asked
 * for, and sinks or fills TCP streams. It answers whoever asks with more than was sent, so it belongs into a private
 * network and nowhere else.
 */
export class Responder implements AsyncDisposable {
  readonly #datagrams: DatagramSocket
  readonly #streams: Server
  readonly #open = new Set<Socket>()
  readonly #requests = new Map<string, Request>()
  readonly #timer: NodeJS.Timeout

  private constructor(datagrams: DatagramSocket, streams: Server) {
    this.#datagrams = datagrams
    this.#streams = streams
    datagrams.on('message', this.#answer.bind(this))
    datagrams.on('error', () => undefined)
    streams.on('connection', this.#serve.bind(this))
    this.#timer = setInterval(this.#sendSlices.bind(this), SLICE_MS)
  }

  /** Listens by UDP and TCP on the same port; throws `LoadError` `bad-target`. */
  static async start(listen: HostPort): Promise<Responder> {
    const { host, port } = listen
    const datagrams = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const streams = createServer()
    try {
      const bound = once(datagrams, 'listening')
      datagrams.bind({ address: host, port })
      await bound
      const listening = once(streams, 'listening')
      streams.listen(port, host)
      await listening
      return new Responder(datagrams, streams)
    } catch (error) {
      datagrams.close()
      streams.close()
      const message = `cannot listen on ${hostPortText(listen)}: ${describeError(error)}`
      throw new LoadError('bad-target', message, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#datagrams.close()
    for (const socket of this.#open) socket.destroy()
    const closed = once(this.#streams, 'close')
    this.#streams.close()
    await closed
  }

  #answer(message: Buffer, from: RemoteInfo): void {
    const datagram = parseDatagram(message)
    if (datagram?.type === 'echo') this.#send(message, from)
    if (datagram?.type !== 'request' || this.#requests.size >= MAX_REQUESTS) return
    const bytes = Math.min(MAX_PAYLOAD_BYTES, Math.max(DATAGRAM_BYTES, datagram.payloadBytes))
    this.#requests.set(`${from.address}|${String(from.port)}`, {
      from,
      datagram: serialiseDatagram({ type: 'discard' }, bytes),
      perSlice: Math.min(MAX_PACKETS_PER_REQUEST, datagram.packets) / SLICES_PER_REQUEST,
      slices: SLICES_PER_REQUEST,
      owed: 0,
    })
  }

  #sendSlices(): void {
    for (const [key, request] of this.#requests) {
      for (request.owed += request.perSlice; request.owed >= 1 - 1e-9; request.owed -= 1) {
        this.#send(request.datagram, request.from)
      }
      request.slices -= 1
      if (request.slices === 0) this.#requests.delete(key)
    }
  }

  #send(datagram: Buffer, { address, port }: RemoteInfo): void {
    // A client that is gone, or a full queue: UDP promises nothing.
    this.#datagrams.send(datagram, port, address, () => undefined)
  }

  #serve(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#open.delete(socket))
    let greeting = ''
    const read = (chunk: Buffer): void => {
      greeting += chunk.toString('latin1', 0, MAX_GREETING_CHARACTERS)
      const [, direction, rate] = /^(up|down)(?: (\d{1,12}))?\n/.exec(greeting) ?? []
      if (direction === undefined) {
        if (greeting.length >= MAX_GREETING_CHARACTERS) socket.destroy()
        return
      }
      socket.off('data', read)
      socket.resume()
      if (direction === 'down') fill(socket, Number(rate ?? 0))
    }
    socket.on('data', read)
  }
}

/** Writes as fast as the other side reads, or at a rate when that is not 0. */
function fill(socket: Socket, bytesPerSecond: number): void {
  let credit = bytesPerSecond === 0 ? Infinity : 0
  const write = (): void => {
    while (socket.writable && !socket.writableNeedDrain && credit >= 1) {
      const length = Math.min(CHUNK.length, Math.floor(credit))
      credit -= length
      socket.write(CHUNK.subarray(0, length))
    }
  }
  socket.on('drain', write)
  if (bytesPerSecond > 0) {
    const timer = setInterval(() => {
      credit = Math.min(bytesPerSecond, credit + (bytesPerSecond * SLICE_MS) / 1_000)
      write()
    }, SLICE_MS)
    socket.on('close', () => {
      clearInterval(timer)
    })
  }
  write()
}
