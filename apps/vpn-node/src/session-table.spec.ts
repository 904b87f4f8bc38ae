import type { Path } from '@sallyport/packet-engine'
import { beforeEach, expect, it } from 'vitest'

import type { Connection } from './connection.ts'
import {
  MAX_HANDSHAKES,
  MAX_HANDSHAKES_PER_DEVICE,
  MAX_HANDSHAKES_PER_TENANT,
  MAX_SHARED_KEY_HANDSHAKES,
  SessionTable,
  type TableEntry,
} from './session-table.ts'
import { samplePath } from './testing/sample-grant.ts'

const at = (port: number, listener = 0): Path => ({ ...samplePath(port), listener })
const onStream = (stream: number): Path => samplePath(1, stream)
const HERE = at(1)

class Entry implements TableEntry {
  identity: TableEntry['identity']
  connection: TableEntry['connection']
  path: Path
  discarded: string | undefined
  readonly #table: SessionTable<Entry>
  readonly #mark: number

  constructor(mark: number, deviceId: string | undefined, path: Path, tenantId: string) {
    this.#table = table
    this.#mark = mark
    this.path = path
    this.identity = { tenantId, deviceId }
    table.add(this)
  }

  owns(bytes: Uint8Array): boolean {
    return bytes[0] === this.#mark
  }

  discard(reason: string): void {
    if (this.discarded === undefined) this.#table.closed(this)
    this.discarded = reason
  }

  /** As the host does: the table is told, then there is a connection. */
  admit(): this {
    this.#table.admitted(this)
    this.connection = Object.create(null) as Connection
    return this
  }

  moveTo(path: Path): void {
    const from = this.path
    this.path = path
    this.#table.moved(this, from)
  }

  identify(deviceId: string): void {
    this.identity = { ...this.identity, deviceId }
    this.#table.identified(this)
  }
}

const client = (mark: number, deviceId = String(mark), path = HERE, tenantId = 'tenant') =>
  new Entry(mark, deviceId, path, tenantId)
/** A client whose key many devices share. */
const anonymous = (mark: number, path: Path) => new Entry(mark, undefined, path, 'tenant')

let table: SessionTable<Entry>
let closedStreams: number[]
let admittedStreams: number[]
/** Ports of the UDP addresses that the engine knows. */
let known: Set<number>

beforeEach(() => {
  closedStreams = []
  admittedStreams = []
  known = new Set()
  table = new SessionTable<Entry>({
    closeStream: (stream) => closedStreams.push(stream),
    admitStream: (stream) => admittedStreams.push(stream),
    acquaint: ({ remote }) => known.add(remote.port),
    forget: ({ remote }) => known.delete(remote.port),
  })
})

const reasons = (...entries: Entry[]) => entries.map(({ discarded }) => discarded)

it('finds a session by its path and its session id', () => {
  const entry = client(1)
  expect(table.find(HERE, Uint8Array.of(1))).toBe(entry)
  expect(table.find(HERE, Uint8Array.of(2))).toBeUndefined()
  expect(table.find(at(2), Uint8Array.of(1))).toBeUndefined()
  expect(table.find(at(1, 7), Uint8Array.of(1))).toBeUndefined()
  expect(table.find(onStream(1), Uint8Array.of(1))).toBeUndefined()
})

it('knows a client again that is answered from another of our addresses', () => {
  const entry = client(1)
  expect(table.find({ ...HERE, local: { ...HERE.local, address: '198.51.100.2' } }, Uint8Array.of(1))).toBe(entry)
})

it('tells TCP connections of one address and port apart', () => {
  const [first, second] = [client(1, 'a', onStream(1)), client(1, 'b', onStream(2))]
  expect(table.find(onStream(1), Uint8Array.of(1))).toBe(first)
  expect(table.find(onStream(2), Uint8Array.of(1))).toBe(second)
})

it('keeps the running session until a newcomer at its address is admitted', () => {
  const running = client(1).admit()
  const newcomer = client(2)
  table.spoke(newcomer)
  expect(reasons(running)).toEqual([undefined])
  newcomer.admit()
  expect(reasons(running)).toEqual(['replaced'])
  expect(table.find(HERE, Uint8Array.of(2))).toBe(newcomer)
})

it('lets a second newcomer replace the first, never the running session', () => {
  const running = client(1).admit()
  const first = client(2)
  client(3)
  expect(reasons(running, first)).toEqual([undefined, 'replaced'])
})

it('ends the earlier connection of a device that comes in from elsewhere', () => {
  const before = client(1, 'phone').admit()
  const other = client(2, 'laptop', at(2)).admit()
  const after = client(3, 'phone', at(3)).admit()
  expect(reasons(before, other, after)).toEqual(['replaced', undefined, undefined])
})

it('gives up the earlier attempts of a device that has spoken, so that a late answer cannot cut the newer one', () => {
  const older = client(1, 'phone')
  const newer = client(2, 'phone', at(2))
  const newest = client(3, 'phone', at(3))
  table.spoke(newer)
  expect(reasons(older, newer, newest)).toEqual(['replaced', undefined, undefined])
})

it('does not let one profile take the handshakes of all others', () => {
  const running = client(0, 'greedy', at(1)).admit()
  const attempts = Array.from({ length: 100 }, (_, port) => client(1, 'greedy', at(port + 2)))
  expect(attempts.filter(({ discarded }) => discarded === undefined).length).toBe(MAX_HANDSHAKES_PER_DEVICE)
  expect(reasons(running)).toEqual([undefined])
})

it('does not let the devices of one tenant take the handshakes of all others', () => {
  const attempts = Array.from({ length: MAX_HANDSHAKES_PER_TENANT + 2 }, (_, port) => client(1, String(port), at(port)))
  expect(attempts.filter(({ discarded }) => discarded !== undefined)).toEqual(attempts.slice(0, 2))
  attempts[2]?.admit()
  client(1, 'another', at(60_000))
  expect(reasons(...attempts.slice(2, 4))).toEqual([undefined, undefined])
})

it('lets the oldest handshake of the tenant that has most make way when the node is full', () => {
  const quiet = client(1, 'quiet', at(0), 'quiet')
  const busy = Array.from({ length: MAX_HANDSHAKES - 1 }, (_, port) =>
    client(1, String(port), at(port + 1), port < 300 ? 'busiest' : `tenant-${String(port % 10)}`),
  )
  expect([table.handshakeCount, table.hosts.length]).toEqual([MAX_HANDSHAKES, MAX_HANDSHAKES])
  const newcomer = client(1, 'new', at(60_000), 'quiet')
  expect(busy.filter(({ discarded }) => discarded !== undefined)).toEqual([busy[0]])
  expect(reasons(quiet, newcomer)).toEqual([undefined, undefined])
  expect(table.handshakeCount).toBe(MAX_HANDSHAKES)
})

it('bounds the handshakes of clients that share a key, and lets the oldest make way', () => {
  const attempts = Array.from({ length: MAX_SHARED_KEY_HANDSHAKES + 2 }, (_, port) => anonymous(1, at(port)))
  expect(attempts.filter(({ discarded }) => discarded !== undefined)).toEqual(attempts.slice(0, 2))
})

it('holds a client with a shared key to the rules of its device once the certificate has told it', () => {
  const connected = client(1, 'phone').admit()
  const older = anonymous(2, at(2))
  const newer = anonymous(3, at(3))
  const stranger = anonymous(4, at(4))
  newer.identify('phone')
  older.identify('phone')
  table.spoke(older)
  expect(reasons(older, newer)).toEqual([undefined, undefined])
  table.spoke(newer)
  newer.admit()
  expect(reasons(connected, older, newer, stranger)).toEqual(['replaced', 'replaced', undefined, undefined])
})

it('finds a client that moved at its new address only, and harms nobody who is there', () => {
  const resident = client(1, 'laptop', at(2)).admit()
  const mover = client(2, 'phone').admit()
  mover.moveTo(at(2))
  expect(table.find(HERE, Uint8Array.of(2))).toBeUndefined()
  expect(table.find(at(2), Uint8Array.of(2))).toBe(mover)
  expect(table.find(at(2), Uint8Array.of(1))).toBe(resident)
  expect(reasons(resident, mover)).toEqual([undefined, undefined])
})

it('lets newcomers begin where several connections have come together, one at a time', () => {
  const resident = client(1, 'laptop', at(2)).admit()
  const mover = client(2, 'phone').admit()
  mover.moveTo(at(2))
  const [first, second] = [client(3, 'tablet', at(2)), client(4, 'desktop', at(2))]
  expect(reasons(resident, mover, first, second)).toEqual([undefined, undefined, 'replaced', undefined])
})

it('makes the engine know the address of a client as long as it has a session there', () => {
  const first = client(1)
  const second = client(2)
  expect([...known]).toEqual([HERE.remote.port])
  table.closed(first)
  expect([...known]).toEqual([HERE.remote.port])
  second.moveTo(at(9))
  expect([...known]).toEqual([at(9).remote.port])
  table.closed(second)
  client(3, '3', onStream(5))
  expect([...known]).toEqual([])
})

it('forgets a session that moved', () => {
  const mover = client(1)
  mover.moveTo(at(2))
  mover.discard('gone')
  expect([table.at(HERE), table.at(at(2)), table.hosts]).toEqual([[], [], []])
})

it('has a TCP stream closed when its last session is gone, and not when a newcomer takes its place', () => {
  const first = client(1, 'phone', onStream(5))
  const second = client(2, 'phone', onStream(5))
  expect(reasons(first)).toEqual(['replaced'])
  expect([closedStreams, new Set(admittedStreams)]).toEqual([[], new Set([5])])
  second.discard('gone')
  expect(closedStreams).toEqual([5])
})
