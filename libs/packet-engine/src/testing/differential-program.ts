import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

import { ENGINE_CIPHERS, type EngineCipher } from '../engine.ts'
import type { Item, Merge } from './coalescing-reference.ts'
import { MERGES } from './coalescing-reference.ts'
import type { VirtioHeader } from './segmentation-reference.ts'

const NATIVE = new URL('../../native', import.meta.url).pathname
const VIRTIO_HEADER_BYTES = 10

/** The AEAD libraries of the engine, as it numbers them. */
export const CIPHER_LIBRARIES = ['openssl', 'ipsec-mb'] as const

/** A data key of the engine, of which one direction is used. */
export interface ProgramKey {
  readonly cipher: EngineCipher
  readonly library: (typeof CIPHER_LIBRARIES)[number]
  readonly epoch: boolean
  readonly lzoByte: boolean
  readonly keyId: number
  readonly peerId: number
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

/** The engine's own code, with sanitizers, as a program that does one order after the other; see its source. */
export class DifferentialProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #chunks: AsyncIterator<unknown>
  #unread = Buffer.alloc(0)

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#chunks = child.stdout[Symbol.asyncIterator]()
  }

  /** Builds the program when that is needed, which may take minutes. */
  static create(): DifferentialProgram {
    const { status } = spawnSync('make', ['-s', '-C', NATIVE, 'differential'], { stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new Error('the differential program cannot be built')
    return new DifferentialProgram(spawn(`${NATIVE}/build/differential`, [], { stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  async split(header: VirtioHeader, packet: Uint8Array): Promise<readonly Buffer[]> {
    return (await this.#order(1, writeVirtioHeader(header), writePacket(packet))).packets()
  }

  async coalesce(merge: Merge, packets: readonly Uint8Array[]): Promise<readonly Item[]> {
    const answer = await this.#order(2, Buffer.from([MERGES.indexOf(merge)]), writePackets(packets))
    return answer.list(() => ({ header: answer.virtioHeader(), packets: answer.u32(), bytes: answer.packet() }))
  }

  async seal(key: ProgramKey, texts: readonly Uint8Array[]): Promise<readonly Buffer[]> {
    return (await this.#order(3, writeKey(key), writePackets(texts))).packets()
  }

  /** Gives the plaintexts; `undefined` for a packet that did not open. */
  async open(key: ProgramKey, packets: readonly Uint8Array[]): Promise<readonly (Buffer | undefined)[]> {
    const answer = await this.#order(4, writeKey(key), writePackets(packets))
    return answer.list(() => {
      const opened = answer.u8() === 0
      const text = answer.packet()
      return opened ? text : undefined
    })
  }

  async #order(kind: number, ...parts: readonly Uint8Array[]): Promise<Answer> {
    this.#child.stdin.write(writePacket(Buffer.concat([Buffer.from([kind]), ...parts])))
    const length = (await this.#read(4)).readUInt32LE(0)
    return new Answer(await this.#read(length))
  }

  async #read(bytes: number): Promise<Buffer> {
    while (this.#unread.length < bytes) {
      const chunk = await this.#chunks.next()
      if (chunk.done === true || !Buffer.isBuffer(chunk.value)) throw new Error('the differential program has ended')
      this.#unread = Buffer.concat([this.#unread, chunk.value])
    }
    const taken = this.#unread.subarray(0, bytes)
    this.#unread = this.#unread.subarray(bytes)
    return taken
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }
}

class Answer {
  #offset = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  u8(): number {
    return this.#take(1).readUInt8(0)
  }

  u32(): number {
    return this.#take(4).readUInt32LE(0)
  }

  packet(): Buffer {
    return this.#take(this.u32())
  }

  packets(): Buffer[] {
    return this.list(() => this.packet())
  }

  list<Element>(read: () => Element): Element[] {
    return Array.from({ length: this.u32() }, read)
  }

  virtioHeader(): VirtioHeader {
    const bytes = this.#take(VIRTIO_HEADER_BYTES)
    return {
      flags: bytes.readUInt8(0),
      gsoType: bytes.readUInt8(1),
      headerBytes: bytes.readUInt16LE(2),
      segmentBytes: bytes.readUInt16LE(4),
      checksumStart: bytes.readUInt16LE(6),
      checksumOffset: bytes.readUInt16LE(8),
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#bytes.subarray(this.#offset, this.#offset + bytes)
    this.#offset += bytes
    return taken
  }
}

function writeVirtioHeader(header: VirtioHeader): Buffer {
  const bytes = Buffer.alloc(VIRTIO_HEADER_BYTES)
  bytes.writeUInt8(header.flags, 0)
  bytes.writeUInt8(header.gsoType, 1)
  bytes.writeUInt16LE(header.headerBytes, 2)
  bytes.writeUInt16LE(header.segmentBytes, 4)
  bytes.writeUInt16LE(header.checksumStart, 6)
  bytes.writeUInt16LE(header.checksumOffset, 8)
  return bytes
}

function writePacket(packet: Uint8Array): Buffer {
  return Buffer.concat([count(packet.length), packet])
}

function writePackets(packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat([count(packets.length), ...packets.map(writePacket)])
}

function writeKey({ cipher, library, epoch, lzoByte, keyId, peerId, key, iv }: ProgramKey): Buffer {
  const numbers = [ENGINE_CIPHERS.indexOf(cipher), CIPHER_LIBRARIES.indexOf(library), Number(epoch), Number(lzoByte)]
  return Buffer.concat([Buffer.from([...numbers, keyId]), count(peerId), writePacket(key), writePacket(iv)])
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
