import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

import { expect, it } from 'vitest'

import { readImportFile } from './import-file.ts'

const read = (...chunks: (string | Buffer)[]) =>
  readImportFile(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))

const NOT_UTF_8 = { reason: 'not-utf-8', line: 3 }
const UTF_16 = { reason: 'utf-16' }

it('joins a character that was cut between two pieces, and takes the byte order mark away', async () => {
  const [start, end] = [Buffer.from('\uFEFFusername\nzoë').subarray(0, -1), Buffer.from([0xab])]
  expect(await read(start, end)).toBe('username\nzoë')
  expect(await read()).toBe('')
})

it.each([
  ['Latin-1', Buffer.from('username\nada\nzo\xeb\n', 'latin1'), /Line 3 is not in UTF-8/, NOT_UTF_8],
  [
    'two encodings',
    Buffer.concat([Buffer.from('username\nzoë\n'), Buffer.from('zo\xeb\n', 'latin1')]),
    /Line 3/,
    NOT_UTF_8,
  ],
  ['UTF-16 with a mark', Buffer.from('\uFEFFusername\nada', 'utf16le'), /UTF-16/, UTF_16],
  ['UTF-16 without', Buffer.from('username\nada', 'utf16le'), /UTF-16/, UTF_16],
  ['UTF-16, big end first', Buffer.from('username\nada', 'utf16le').swap16(), /UTF-16/, UTF_16],
])('refuses %s and says what to do', async (_, file, message, parameters) => {
  const refusal = { code: 'bad-encoding', status: 400, parameters }
  await expect(read(file)).rejects.toMatchObject(refusal)
  await expect(read(file)).rejects.toThrow(message)
  await expect(read(file)).rejects.toThrow(/save it as "CSV UTF-8"/)
})

it.each(['\n', '\r', '\r\n'])('stops reading a file of a million lines early: %j', async (end) => {
  let given = 0
  const piece = Buffer.from(`ada${end}`.repeat(1000))
  const body = Readable.from(
    (function* () {
      for (; given < 1000; given += 1) yield piece
    })(),
    { highWaterMark: 1 },
  )
  await expect(readImportFile(body)).rejects.toMatchObject({ code: 'too-large', status: 413 })
  expect(given).toBeLessThan(20)
  // The rest goes by, so that the client gets to read the answer.
  await finished(body)
  expect(given).toBe(1000)
})

it('cuts an endless file off', async () => {
  let given = 0
  const piece = Buffer.alloc(64 * 1024, 'x')
  const body = Readable.from(
    (function* () {
      for (; ; given += 1) yield piece
    })(),
  )
  await expect(readImportFile(body)).rejects.toMatchObject({ code: 'too-large' })
  expect(given).toBeLessThan(100)
  await expect(finished(body)).rejects.toThrow()
  expect(given).toBeLessThan(1200)
})
