import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseControlMessages, serialiseControlMessage } from './control-message.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('CVE-2024-5594 class: control messages that are not printable', () => {
  it.each(['PUSH_REQUEST\u0007\0', 'A\nB\0', 'A\u001b[2J\0', 'A\u0085\0'])('refuses the whole record: %j', (text) => {
    expect(parseControlMessages(encode(text))).toBeUndefined()
  })

  it('refuses broken UTF-8 and records beyond 4 KiB', () => {
    expect(parseControlMessages(Uint8Array.of(0x41, 0xff, 0))).toBeUndefined()
    expect(parseControlMessages(new Uint8Array(4097).fill(65))).toBeUndefined()
  })

  it('sends none either', () => {
    expect(() => serialiseControlMessage('AUTH_FAILED,a\0b')).toThrow(RangeError)
    expect(() => serialiseControlMessage('x'.repeat(1024))).toThrow(RangeError)
    expect(serialiseControlMessage('x'.repeat(1023))).toHaveLength(1024)
  })
})

it('splits a record at each NUL, with or without one at the end', () => {
  expect(parseControlMessages(encode('PUSH_REQUEST\0EXIT\0'))).toEqual(['PUSH_REQUEST', 'EXIT'])
  expect(parseControlMessages(encode('PUSH_REQUEST\0EXIT'))).toEqual(['PUSH_REQUEST', 'EXIT'])
  expect(parseControlMessages(encode('\0\0'))).toEqual([])
})

it('takes line ends off the end of a message', () => {
  expect(parseControlMessages(encode('EXIT\r\n\0'))).toEqual(['EXIT'])
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseControlMessages(bytes)
    }),
  )
})
