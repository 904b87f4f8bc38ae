import { expect, it } from 'vitest'

import { type AuditLine, formatAuditLine, parseAuditLine } from './audit-line.ts'
import { readAuditLines } from './read-lines.ts'
import { verifyChain } from './verify-chain.ts'

const LINE: AuditLine = {
  sequence: 7,
  hash: 'a'.repeat(64),
  previousHash: 'b'.repeat(64),
  tenantId: '11111111-1111-4111-8111-111111111111',
  eventId: '22222222-2222-4222-8222-222222222222',
  at: '2026-11-25T10:00:00.000Z',
  actor: 'user:ä€𐍈',
  action: 'device.revoke',
  target: null,
  outcome: 'ok',
  userId: null,
  details: '{"source":"192.0.2.1"}',
  detailsSha256: 'c'.repeat(64),
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

const read = (text: string | Uint8Array, size = 5) => collect(readAuditLines(chunks(Buffer.from(text), size)))

it('reads what was written, wherever the chunks end', async () => {
  const other = { ...LINE, sequence: 8, target: 'device:1', userId: LINE.eventId, details: null }
  const file = `${formatAuditLine(LINE)}\n${formatAuditLine(other)}\n`
  for (const size of [1, 2, 3, 7, 100, 10_000]) expect(await read(file, size)).toEqual([LINE, other])
  expect(await read(file.slice(0, -1))).toEqual([LINE, other])
  expect(await read('')).toEqual([])
})

it.each([
  ['another order of fields', (text: string) => text.replace('{"sequence":7,', '{').replace(/\}$/, ',"sequence":7}')],
  ['a field twice', (text: string) => text.replace('"actor"', '"actor":"operator","actor"')],
  ['an unknown field', (text: string) => text.replace(/\}$/, ',"note":"x"}')],
  ['a blank', (text: string) => text.replace(':', ': ')],
  ['a missing field', (text: string) => text.replace(',"target":null', '')],
  ['a sequence of 0', (text: string) => text.replace('"sequence":7', '"sequence":0')],
  [
    'a sequence beyond what JSON numbers hold',
    (text: string) => text.replace('"sequence":7', '"sequence":9007199254740993'),
  ],
  ['a time without milliseconds', (text: string) => text.replace('00.000Z', '00Z')],
  ['a hash in capitals', (text: string) => text.replace('aaaa', 'AAAA')],
  ['a number as actor', (text: string) => text.replace('"user:ä€𐍈"', '5')],
  ['half a surrogate pair', (text: string) => text.replace('ä', String.raw`\ud800`)],
  ['an escape that nobody needs', (text: string) => text.replace('device.revoke', String.raw`device\u002erevoke`)],
  ['no JSON', () => '{'],
  ['a JSON null', () => 'null'],
  ['an empty line', () => ''],
])('refuses a line with %s', async (_, change) => {
  const text = formatAuditLine(LINE)
  expect(change(text)).not.toBe(text)
  expect(parseAuditLine(change(text))).toBeUndefined()
  expect(await read(`${text}\n${change(text)}\n`)).toEqual([LINE, { unreadable: true, line: 2 }])
})

it('refuses bytes that are no UTF-8, and a mark of byte order', async () => {
  const bytes = Buffer.from(`${formatAuditLine(LINE)}\n`)
  const broken = Buffer.from(bytes)
  broken[broken.indexOf('ä')] = 0xff
  expect(await read(broken)).toEqual([{ unreadable: true, line: 1 }])
  expect(await read(Buffer.concat([Buffer.from('\ufeff'), bytes]))).toEqual([{ unreadable: true, line: 1 }])
})

it('gives up on a line without end', async () => {
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc(64 * 1024, 'x'))
  }
  expect(await collect(readAuditLines(endless()))).toEqual([{ unreadable: true, line: 1 }])
})

it('stops verifying at an unreadable line', async () => {
  const lines = readAuditLines(chunks(Buffer.from('nonsense\n'), 100))
  expect(await verifyChain(lines)).toEqual({ ok: false, count: 0, sequence: 1, why: 'unreadable' })
})
