import type { Buffer } from 'node:buffer'
import { createSocket, type Socket } from 'node:dgram'

import { Latencies, type LatencySummary } from '../report/latency.ts'
import { type Datagram, parseDatagram, serialiseDatagram } from './datagram.ts'
import type { Flow, TrafficGenerator } from './traffic.ts'
import { TurnList } from './turn-list.ts'

/** The kinds of traffic that are datagrams. */
export type DatagramKind = 'ping' | 'small-up' | 'small-down'

/** How much of it each client has. */
export interface DatagramPlan {
  readonly packetsPerSecond: number
  readonly payloadBytes: number
}

/** What is missed for longer than this is not made up for. */
const MAX_BACKLOG_MS = 200

/**
 * Small UDP packets of many clients, each from a socket bound to the client's inner address. All take turns, so that
 * each has the same rate; `small-down` asks the responder once a second for a second's packets.
 */
export class DatagramTraffic implements TrafficGenerator {
  readonly #kind: DatagramKind
  readonly #plan: DatagramPlan
  readonly #now: () => number
  readonly #binding = new Map<number, Socket>()
  readonly #sockets = new TurnList<Socket>()
  readonly #roundTrips = new Latencies()
  #sent = 0
  #requested = 0
  #received = 0
  #failed = 0
  #credit = 0
  #atMs: number | undefined

  /** `now` measures round trips; any clock that does not jump will do. */
  constructor(kind: DatagramKind, plan: DatagramPlan, now: () => number) {
    this.#kind = kind
    this.#plan = plan
    this.#now = now
  }

  start(client: number, { source, target }: Flow): void {
    const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4')
    this.#binding.set(client, socket)
    socket.on('error', () => {
      this.#failed += 1
      if (this.#binding.get(client) === socket || this.#sockets.get(client) === socket) this.stop(client)
    })
    socket.on('message', (message: Buffer) => {
      this.#receive(message)
    })
    socket.on('connect', () => {
      this.#binding.delete(client)
      this.#sockets.set(client, socket)
      // The first packet is due at once.
      this.#credit += 1
    })
    socket.bind({ address: source, port: 0 }, () => {
      if (this.#binding.get(client) === socket) socket.connect(target.port, target.address)
    })
  }

  stop(client: number): void {
    this.#binding.get(client)?.close()
    this.#binding.delete(client)
    this.#sockets.delete(client)?.close()
  }

  advance(nowMs: number): void {
    const perSecond = this.#kind === 'small-down' ? 1 : this.#plan.packetsPerSecond
    const elapsedMs = Math.min(MAX_BACKLOG_MS, nowMs - (this.#atMs ?? nowMs))
    this.#atMs = nowMs
    this.#credit += (elapsedMs / 1_000) * perSecond * this.#sockets.size
    for (; this.#credit >= 1; this.#credit -= 1) this.#send(this.#sockets.next())
  }

  get results(): Readonly<Record<string, number | LatencySummary>> {
    const [sent, received, failed] = [this.#sent, this.#received, this.#failed]
    if (this.#kind === 'small-up') return { sent, failed }
    if (this.#kind === 'small-down') return { requested: this.#requested, received, failed }
    return { sent, received, failed, rttMs: this.#roundTrips.summary }
  }

  #send(socket: Socket | undefined): void {
    if (socket === undefined) return
    const { payloadBytes, packetsPerSecond } = this.#plan
    const packets = Math.ceil(packetsPerSecond)
    if (this.#kind === 'small-down') this.#requested += packets
    else this.#sent += 1
    socket.send(serialiseDatagram(this.#message(packets), payloadBytes), (error) => {
      if (error !== null) this.#failed += 1
    })
  }

  #message(packets: number): Datagram {
    if (this.#kind === 'ping') return { type: 'echo', sentAtMs: this.#now() }
    if (this.#kind === 'small-up') return { type: 'discard' }
    return { type: 'request', packets, payloadBytes: this.#plan.payloadBytes }
  }

  #receive(message: Buffer): void {
    const datagram = parseDatagram(message)
    if (datagram === undefined) return
    this.#received += 1
    if (datagram.type === 'echo') this.#roundTrips.add(Math.max(0, this.#now() - datagram.sentAtMs))
  }
}
