import { expect, it } from 'vitest'

import { MAX_HANDSHAKES, SessionTable, type TableEntry } from './session-table.ts'

const HERE = { address: '192.0.2.1', port: 1 }

class Entry implements TableEntry {
  readonly metadata: TableEntry['metadata']
  connection: TableEntry['connection']
  discarded: string | undefined
  readonly #table: SessionTable<Entry>
  readonly #mark: number
  readonly remote: TableEntry['remote']

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
}

it('finds a session by address and session id', () => {
  const table = new SessionTable<Entry>()
  const entry = new Entry(table, 1)
  expect(table.find(HERE, Uint8Array.of(1))).toBe(entry)
  expect(table.find(HERE, Uint8Array.of(2))).toBeUndefined()
  expect(table.find({ ...HERE, port: 2 }, Uint8Array.of(1))).toBeUndefined()
})

it('keeps the running session until a newcomer at its address has spoken', () => {
  const table = new SessionTable<Entry>()
  const running = new Entry(table, 1)
  const newcomer = new Entry(table, 2)
  expect(running.discarded).toBeUndefined()
  table.spoke(newcomer)
  expect(running.discarded).toBe('replaced')
  expect(table.find(HERE, Uint8Array.of(2))).toBe(newcomer)
})

it('lets a second newcomer replace the first, never the running session', () => {
  const table = new SessionTable<Entry>()
  const running = new Entry(table, 1)
  const first = new Entry(table, 2)
  new Entry(table, 3)
  expect([running.discarded, first.discarded]).toEqual([undefined, 'replaced'])
})

it('ends the earlier connection of a device that comes in from elsewhere', () => {
  const table = new SessionTable<Entry>()
  const before = new Entry(table, 1, 'phone')
  table.admitted(before)
  const other = new Entry(table, 2, 'laptop', { ...HERE, port: 2 })
  table.admitted(other)
  const after = new Entry(table, 3, 'phone', { ...HERE, port: 3 })
  table.admitted(after)
  expect([before.discarded, other.discarded, after.discarded]).toEqual(['replaced', undefined, undefined])
})

it('has no room beyond the bound of handshakes', () => {
  const table = new SessionTable<Entry>()
  for (let port = 0; port < MAX_HANDSHAKES; port += 1) new Entry(table, 1, String(port), { ...HERE, port })
  expect(table.hasRoom).toBe(false)
  table.hosts[0]?.discard('gone')
  expect(table.hasRoom).toBe(true)
})
