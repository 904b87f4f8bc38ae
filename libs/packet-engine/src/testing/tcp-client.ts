import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import type { EndPoint } from '../engine.ts'

const LENGTH_BYTES = 2

/** An OpenVPN hard reset without content, as long as one with tls-crypt. */
export const HARD_RESET = Buffer.concat([Buffer.from([0x38]), Buffer.alloc(53, 1)])

/** Puts the length before a packet, as OpenVPN does over TCP. */
export function frame(packet: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt16BE(packet.length)
  return Buffer.concat([length, packet])
}

/** The client's end of a TCP stream of framed packets. */
export class TcpClient implements AsyncDisposable {
  readonly socket: Socket
  /** Resolves when the stream has ended, for whatever reason. */
  readonly ended: Promise<unknown>
  #unread = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    this.ended = once(socket, 'close')
    // A reset is one of the ways in which a stream ends.
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      this.#unread = Buffer.concat([this.#unread, bytes])
    })
  }

  static async create(server: EndPoint, localAddress?: string): Promise<TcpClient> {
    const from = localAddress === undefined ? {} : { localAddress }
    const socket = connect({ host: server.address, port: server.port, ...from, noDelay: true })
    const client = new TcpClient(socket)
    await once(socket, 'connect')
    return client
  }

  get endPoint(): EndPoint {
    return { address: this.socket.localAddress ?? '', port: this.socket.localPort ?? 0 }
  }

  send(...packets: Uint8Array[]): void {
    this.socket.write(Buffer.concat(packets.map(frame)))
  }

  /** Takes the whole packets that were received. */
  take(): Buffer[] {
    const packets: Buffer[] = []
    while (this.#unread.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#unread.readUInt16BE(0)
      if (this.#unread.length < end) break
      packets.push(this.#unread.subarray(LENGTH_BYTES, end))
      this.#unread = this.#unread.subarray(end)
    }
    return packets
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.ended
  }
}
