import fc from 'fast-check'
import { expect, it } from 'vitest'

import { readLines, readText } from './response-body.ts'

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part)
}

async function linesOf(parts: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(chunks(...parts), 1000)) lines.push(line)
  return lines
}

it('stops at a line that is too long before it has come whole', async () => {
  const endless = async function* () {
    for (;;) yield await Promise.resolve(Buffer.alloc(100, 'x'))
  }
  await expect(readLines(endless(), 1000).next()).rejects.toMatchObject({ code: 'answer-too-long' })
})

it('stops at a body that is too long', async () => {
  await expect(readText(chunks(Buffer.alloc(6), Buffer.alloc(5)), 10)).rejects.toMatchObject({
    code: 'answer-too-long',
  })
  expect(await readText(chunks(Buffer.from('12345'), Buffer.from('67890')), 10)).toBe('1234567890')
})

it('drops a last line that was cut off', async () => {
  expect(await linesOf([Buffer.from('{"a":1}\n{"b"')])).toEqual(['{"a":1}'])
})

it('gives the same lines however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 7 }), async (texts, size) => {
      const lines = texts.map((text) => text.replaceAll('\n', '')).filter((text) => text !== '')
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      )
      expect(await linesOf(parts)).toEqual(lines.map((line) => Buffer.from(line).toString()))
    }),
  )
})
