import { Buffer } from 'node:buffer'
import { connect, type Socket } from 'node:net'

import { BULK_GREETINGS } from './responder.ts'
import type { Flow, TrafficGenerator } from './traffic.ts'
import { TurnList } from './turn-list.ts'

/** The kinds of traffic that are TCP streams. */
export type BulkKind = 'bulk-up' | 'bulk-down'

const CHUNK = Buffer.alloc(64 * 1024)
/** What is missed for longer than this is not made up for. */
const MAX_BACKLOG_MS = 200

interface Stream {
  readonly socket: Socket
  credit: number
  isConnected: boolean
}

/** A TCP stream of each client to or from the responder, as fast as it goes or at a given rate. */
export class BulkTraffic implements TrafficGenerator {
  readonly #kind: BulkKind
  readonly #bytesPerSecond: number | undefined
  readonly #streams = new TurnList<Stream>()
  #streamsOpened = 0
  #failed = 0
  #bytes = 0
  #firstMs: number | undefined
  #atMs: number | undefined

  constructor(kind: BulkKind, bytesPerSecond: number | undefined) {
    this.#kind = kind
    this.#bytesPerSecond = bytesPerSecond
  }

  start(client: number, { source, target }: Flow): void {
    const socket = connect({ host: target.address, port: target.port, localAddress: source })
    const stream: Stream = { socket, credit: 0, isConnected: false }
    this.#streams.set(client, stream)
    socket.on('error', () => {
      this.#failed += 1
    })
    socket.on('close', () => {
      if (this.#streams.get(client) === stream) this.#streams.delete(client)
    })
    socket.on('connect', () => {
      this.#streamsOpened += 1
      stream.isConnected = true
      socket.write(BULK_GREETINGS[this.#kind](this.#bytesPerSecond))
      if (this.#kind === 'bulk-up') this.#fill(stream)
    })
    socket.on('drain', () => {
      if (this.#kind === 'bulk-up') this.#fill(stream)
    })
    socket.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
    })
  }

  stop(client: number): void {
    this.#streams.delete(client)?.socket.destroy()
  }

  advance(nowMs: number): void {
    const elapsedMs = Math.min(MAX_BACKLOG_MS, nowMs - (this.#atMs ?? nowMs))
    this.#firstMs ??= nowMs
    this.#atMs = nowMs
    if (this.#bytesPerSecond === undefined || this.#kind === 'bulk-down') return
    for (const stream of this.#streams) {
      stream.credit = Math.min(this.#bytesPerSecond, stream.credit + (elapsedMs / 1_000) * this.#bytesPerSecond)
      this.#fill(stream)
    }
  }

  get results(): Readonly<Record<string, number>> {
    const seconds = ((this.#atMs ?? 0) - (this.#firstMs ?? 0)) / 1_000
    const bitsPerSecond = seconds > 0 ? Math.round((8 * this.#bytes) / seconds) : 0
    return { streams: this.#streamsOpened, failed: this.#failed, bytes: this.#bytes, bitsPerSecond }
  }

  #fill(stream: Stream): void {
    if (!stream.isConnected) return
    while (!stream.socket.writableNeedDrain && stream.socket.writable) {
      const length =
        this.#bytesPerSecond === undefined ? CHUNK.length : Math.min(CHUNK.length, Math.floor(stream.credit))
      if (length === 0) return
      stream.credit -= length
      this.#bytes += length
      stream.socket.write(CHUNK.subarray(0, length))
    }
  }
}
