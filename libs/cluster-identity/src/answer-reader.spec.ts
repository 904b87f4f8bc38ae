import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { AnswerReader, type ServiceAnswer } from './answer-reader.ts'

const LENGTH =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 7\r\nKeep-Alive: timeout=5\r\n\r\n{"ä":1}'.replace(
    '{"ä":1}',
    Buffer.from('{"ä":1').toString('latin1'),
  )
const CHUNKED =
  'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nx: y\r\n\r\n'
const NOTHING = 'HTTP/1.1 204 No Content\r\n\r\n'

/** Feeds latin1 text in parts of this size, as a connection does: out of one buffer that is used again. */
function read(text: string, size = text.length, maxBytes = 1_000): ServiceAnswer | undefined {
  const reader = new AnswerReader(maxBytes)
  const shared = Buffer.alloc(size)
  let answer: ServiceAnswer | undefined
  for (let offset = 0; offset < text.length; offset += size) {
    const length = shared.write(text.slice(offset, offset + size), 'latin1')
    answer = reader.take(shared.subarray(0, length))
    if (offset + size < text.length) expect(answer).toBeUndefined()
  }
  return answer
}

it.each([
  ['of a given length', LENGTH, { statusCode: 200, text: '{"ä":1', keepAliveMs: 5_000, isLast: false }],
  ['in chunks', CHUNKED, { statusCode: 404, text: 'abc0123456789', keepAliveMs: undefined, isLast: true }],
  ['without a body', NOTHING, { statusCode: 204, text: '', keepAliveMs: undefined, isLast: false }],
])('reads an answer %s, however it is cut', (_, text, expected) => {
  for (let size = 1; size <= text.length; size++) expect(read(text, size)).toEqual(expected)
})

describe('refuses', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n\r\n'],
    ['an older version', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['news before the answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc'],
    ['a length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\nContent-Length: 3\r\n\r\nabc'],
    [
      'a coding twice',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc'],
    ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\nabc'],
    ['a chunk without length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk that goes on', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n'],
    ['more than the answer', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd'],
    ['an endless head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`],
    ['an endless chunk head', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'0'.repeat(2_000)}`],
  ])('%s', (_, text) => {
    expect(() => read(text, 500)).toThrow(expect.objectContaining({ code: 'bad-answer' }))
  })

  it.each([
    ['as it says', 'HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n'],
    ['as it turns out', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}`],
  ])('what is too long, %s', (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'answer-too-long' }))
  })
})

it('gives an answer or refuses, whatever comes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), fc.nat(60), fc.nat(3), (noise, at, kind) => {
      const good = [LENGTH, CHUNKED, NOTHING][kind] ?? ''
      try {
        read(good.slice(0, at) + noise + good.slice(at), 10)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(bad-answer|answer-too-long)$/) as string })
      }
    }),
  )
})
