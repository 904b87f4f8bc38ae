import { expect, it } from 'vitest'

import type { Connection } from './connection.ts'
import { MAX_HANDSHAKES, MAX_HANDSHAKES_PER_DEVICE, SessionTable, type TableEntry } from './session-table.ts'

const HERE = { address: '192.0.2.1', port: 1 }
const at = (port: number) => ({ ...HERE, port })

class Entry implements TableEntry {
  readonly metadata: TableEntry['metadata']
  connection: TableEntry['connection']
  discarded: string | undefined
  readonly remote: TableEntry['remote']
  readonly #table: SessionTable<Entry>
  readonly #mark: number

  constructor(table: SessionTable<Entry>, mark: number, deviceId = String(mark), remote = HERE) {
    this.#table = table
    this.#mark = mark
    this.remote = remote
    this.metadata = { tenantId: 'tenant', deviceId }
    table.add(this)
  }

  owns(bytes: Uint8Array): boolean {
    return bytes[0] === this.#mark
  }

  discard(reason: string): void {
    this.discarded = reason
    this.#table.closed(this)
  }

  /** As the host does: the table is told, then there is a connection. */
  admit(): this {
    this.#table.admitted(this)
    this.connection = Object.create(null) as Connection
    return this
  }
}

it('finds a session by address and session id', () => {
  const table = new SessionTable<Entry>()
  const entry = new Entry(table, 1)
  expect(table.find(HERE, Uint8Array.of(1))).toBe(entry)
  expect(table.find(HERE, Uint8Array.of(2))).toBeUndefined()
  expect(table.find(at(2), Uint8Array.of(1))).toBeUndefined()
})

it('keeps the running session until a newcomer at its address is admitted', () => {
  const table = new SessionTable<Entry>()
  const running = new Entry(table, 1).admit()
  const newcomer = new Entry(table, 2)
  table.spoke(newcomer)
  expect(running.discarded).toBeUndefined()
  newcomer.admit()
  expect(running.discarded).toBe('replaced')
  expect(table.find(HERE, Uint8Array.of(2))).toBe(newcomer)
})

it('lets a second newcomer replace the first, never the running session', () => {
  const table = new SessionTable<Entry>()
  const running = new Entry(table, 1).admit()
  const first = new Entry(table, 2)
  new Entry(table, 3)
  expect([running.discarded, first.discarded]).toEqual([undefined, 'replaced'])
})

it('ends the earlier connection of a device that comes in from elsewhere', () => {
  const table = new SessionTable<Entry>()
  const before = new Entry(table, 1, 'phone').admit()
  const other = new Entry(table, 2, 'laptop', at(2)).admit()
  const after = new Entry(table, 3, 'phone', at(3)).admit()
  expect([before.discarded, other.discarded, after.discarded]).toEqual(['replaced', undefined, undefined])
})

it('gives up the earlier attempts of a device that has spoken, so that a late answer cannot cut the newer one', () => {
  const table = new SessionTable<Entry>()
  const older = new Entry(table, 1, 'phone')
  const newer = new Entry(table, 2, 'phone', at(2))
  const newest = new Entry(table, 3, 'phone', at(3))
  table.spoke(newer)
  expect([older.discarded, newer.discarded, newest.discarded]).toEqual(['replaced', undefined, undefined])
})

it('does not let one profile take the handshakes of all others', () => {
  const table = new SessionTable<Entry>()
  const running = new Entry(table, 0, 'greedy', at(1)).admit()
  const attempts = Array.from({ length: 100 }, (_, port) => new Entry(table, 1, 'greedy', at(port + 2)))
  expect(attempts.filter(({ discarded }) => discarded === undefined).length).toBe(MAX_HANDSHAKES_PER_DEVICE)
  expect(running.discarded).toBeUndefined()
})

it('has no room beyond the bound of handshakes', () => {
  const table = new SessionTable<Entry>()
  for (let port = 0; port < MAX_HANDSHAKES; port += 1) new Entry(table, 1, String(port), at(port))
  expect(table.hasRoom).toBe(false)
  table.hosts[0]?.discard('gone')
  expect(table.hasRoom).toBe(true)
})
