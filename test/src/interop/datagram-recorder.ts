import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

const MAX_RECORDED = 400

/** A relay between one client and the node that keeps copies of what the client sends. */
export class DatagramRecorder implements AsyncDisposable {
  readonly recorded: Buffer[] = []
  readonly #outside: Socket
  readonly #inside: Socket
  #client: RemoteInfo | undefined

  private constructor(outside: Socket, inside: Socket) {
    this.#outside = outside
    this.#inside = inside
  }

  /** Listens on a free port of an address; forwards to the node. */
  static async create(address: string, node: { host: string; port: number }): Promise<DatagramRecorder> {
    const recorder = new DatagramRecorder(createSocket('udp4'), createSocket('udp4'))
    const outside = recorder.#outside
    const inside = recorder.#inside
    outside.on('message', (datagram, from) => {
      recorder.#client = from
      if (recorder.recorded.length < MAX_RECORDED) recorder.recorded.push(Buffer.from(datagram))
      inside.send(datagram, node.port, node.host)
    })
    inside.on('message', (datagram) => {
      if (recorder.#client) outside.send(datagram, recorder.#client.port, recorder.#client.address)
    })
    outside.bind(0, address)
    await once(outside, 'listening')
    return recorder
  }

  get port(): number {
    return this.#outside.address().port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [once(this.#outside, 'close'), once(this.#inside, 'close')]
    this.#outside.close()
    this.#inside.close()
    await Promise.all(closed)
  }
}
