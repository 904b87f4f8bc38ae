import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { Namespace } from '@sallyport/testkit'

import type {
  ControlPacket,
  EndPoint,
  EngineCipher,
  EngineEvent,
  EngineHandlers,
  EngineOptions,
  ForeignStream,
  KeyOptions,
  Listener,
  PacketEngine,
  Path,
} from '../engine.ts'
import { createPacketEngine } from '../native-engine.ts'
import { openPacket, type ReferenceKey, sealPacket } from '../reference.ts'
import { echoReplyPayload } from './inner-packet.ts'

/** Both directions of a data key, as the client holds them. */
export interface KeyPair {
  readonly cipher: EngineCipher
  readonly keyId: number
  readonly toServer: ReferenceKey
  readonly toClient: ReferenceKey
}

export function randomKeyPair(cipher: EngineCipher, keyId: number): KeyPair {
  const keyBytes = cipher === 'AES-128-GCM' ? 16 : 32
  const direction = (): ReferenceKey => ({ cipher, key: randomBytes(keyBytes), implicitIv: randomBytes(8) })
  return { cipher, keyId, toServer: direction(), toClient: direction() }
}

/** The same pair as the engine gets it. */
export function engineKey(pair: KeyPair, peerId: number, slot: 'primary' | 'secondary'): KeyOptions {
  return {
    peerId,
    slot,
    keyId: pair.keyId,
    cipher: pair.cipher,
    sealKey: pair.toClient.key,
    sealIv: pair.toClient.implicitIv,
    openKey: pair.toServer.key,
    openIv: pair.toServer.implicitIv,
  }
}

/** An engine with a UDP listener on the loopback device, and everything that it reported. */
export class EngineUnderTest implements AsyncDisposable {
  readonly control: ControlPacket[] = []
  readonly events: EngineEvent[] = []
  readonly foreign: ForeignStream[] = []
  readonly engine: PacketEngine
  readonly local: Listener

  constructor(address = '127.0.0.1', options: EngineOptions = {}) {
    const handlers: EngineHandlers = {
      onControl: (packets) => this.control.push(...packets),
      onEvent: (event) => this.events.push(event),
      onForeignStream: (stream) => this.foreign.push(stream),
      onFatal: (error) => {
        throw error
      },
    }
    this.engine = createPacketEngine(handlers, options)
    this.local = this.engine.listen({ transport: 'udp', address, port: 0 })
  }

  /** The path of a UDP client at `remote` that sends to the listener's own address. */
  pathTo(remote: EndPoint): Path {
    const { listener, transport, address, port } = this.local
    return { listener, transport, remote, local: { address, port }, stream: undefined }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.engine[Symbol.asyncDispose]()
  }
}

/** A network of the engine in a namespace of its own, up, with the gateway 10.8.0.1 and fd00::1 on the TUN device. */
export async function addNetwork(engine: PacketEngine, network: number, label: string): Promise<Namespace> {
  const namespace = await Namespace.create(label)
  engine.addNetwork({ network, namespace: namespace.name, interfaceName: 'tun0' })
  await namespace.exec('ip', 'address', 'add', '10.8.0.1/24', 'dev', 'tun0')
  await namespace.exec('ip', 'address', 'add', 'fd00::1/64', 'dev', 'tun0', 'nodad')
  await namespace.exec('ip', 'link', 'set', 'tun0', 'up')
  return namespace
}

/** A client that speaks DATA_V2 by the reference implementation. */
export class ReferenceClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #server: EndPoint
  readonly #received: Buffer[] = []
  #packetId = 0

  private constructor(socket: Socket, server: EndPoint) {
    this.#socket = socket
    this.#server = server
    socket.on('message', (bytes) => this.#received.push(bytes))
  }

  static async create(server: EndPoint): Promise<ReferenceClient> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new ReferenceClient(socket, server)
  }

  get endPoint(): EndPoint {
    const { address, port } = this.#socket.address()
    return { address, port }
  }

  /** Datagrams received so far and not yet taken. */
  take(): Buffer[] {
    return this.#received.splice(0)
  }

  async sendRaw(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    this.#socket.send(bytes, this.#server.port, this.#server.address, (error) => {
      if (error) reject(error)
      else resolve(undefined)
    })
    return promise
  }

  /** Seals under the next packet id and sends; gives what was sent. */
  async send(pair: KeyPair, peerId: number, text: Uint8Array): Promise<Uint8Array> {
    this.#packetId += 1
    const packet = sealPacket(pair.toServer, { peerId, keyId: pair.keyId, packetId: this.#packetId }, text)
    await this.sendRaw(packet)
    return packet
  }

  /** Takes what was received and gives the payloads of the echo replies that open with the key. */
  takeEchoReplies(pair: KeyPair): Buffer[] {
    return this.take().flatMap((packet) => {
      const opened = openPacket(pair.toClient, packet)
      const payload = opened && echoReplyPayload(Buffer.from(opened.text))
      return payload ? [payload] : []
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}
