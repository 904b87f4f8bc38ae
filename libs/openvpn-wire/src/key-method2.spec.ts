import { Buffer } from 'node:buffer'

import { concatBytes } from '@sallyport/foundation'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import {
  MAX_KEY_METHOD2_BYTES,
  parseClientKeyMethod2,
  parseServerKeyMethod2,
  serialiseClientKeyMethod2,
  serialiseServerKeyMethod2,
} from './key-method2.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((value) => !value.includes('\0'))
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const messages = fc.record({
  preMaster: fixed(48),
  random1: fixed(32),
  random2: fixed(32),
  options: text,
  username: text,
  password: text,
  peerInfo: text,
})
const MESSAGE = {
  preMaster: new Uint8Array(48).fill(1),
  random1: new Uint8Array(32).fill(2),
  random2: new Uint8Array(32).fill(3),
  options: 'V4,tls-client',
  username: 'ada',
  password: 'secret',
  peerInfo: 'IV_PROTO=990\n',
}
const OPTIONS_OFFSET = 4 + 1 + 48 + 32 + 32

it('gives secrets that survive the wiping of bytes that are a Buffer', () => {
  const fromClient = Buffer.from(serialiseClientKeyMethod2(MESSAGE))
  const fromServer = Buffer.from(serialiseServerKeyMethod2(MESSAGE))
  const client = parseClientKeyMethod2(fromClient)
  const server = parseServerKeyMethod2(fromServer)
  for (const bytes of [fromClient, fromServer]) bytes.fill(0)
  const { preMaster, random1, random2 } = MESSAGE
  expect(client).toMatchObject({ message: { preMaster, random1, random2 } })
  expect(server).toMatchObject({ message: { random1, random2 } })
})

it('refuses another key method and a first word that is not zero, at once', () => {
  const bytes = serialiseClientKeyMethod2(MESSAGE)
  expect(parseClientKeyMethod2(bytes.with(4, 1).subarray(0, 20))).toEqual({ type: 'malformed' })
  expect(parseClientKeyMethod2(bytes.with(0, 1))).toEqual({ type: 'malformed' })
})

it('refuses a text without its NUL, with a NUL inside, or of broken UTF-8', () => {
  const bytes = serialiseClientKeyMethod2(MESSAGE)
  const end = OPTIONS_OFFSET + 2 + MESSAGE.options.length
  expect(parseClientKeyMethod2(bytes.with(end, 65))).toEqual({ type: 'malformed' })
  expect(parseClientKeyMethod2(bytes.with(end - 1, 0))).toEqual({ type: 'malformed' })
  expect(parseClientKeyMethod2(bytes.with(end - 1, 0xff))).toEqual({ type: 'malformed' })
})

it('refuses a message that would be longer than the limit', () => {
  const bytes = serialiseClientKeyMethod2({ ...MESSAGE, password: 'x'.repeat(MAX_KEY_METHOD2_BYTES) })
  expect(parseClientKeyMethod2(bytes)).toEqual({ type: 'malformed' })
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      parseClientKeyMethod2(tail)
      parseServerKeyMethod2(tail)
      const started = concatBytes([Uint8Array.of(0, 0, 0, 0, 2), new Uint8Array(112), tail])
      parseClientKeyMethod2(started)
      parseServerKeyMethod2(started)
    }),
  )
})

it('takes an empty text as length 0 and as a lone NUL', () => {
  const bytes = serialiseClientKeyMethod2({ ...MESSAGE, options: '' })
  const loneNul = concatBytes([
    bytes.subarray(0, OPTIONS_OFFSET),
    Uint8Array.of(0, 1, 0),
    bytes.subarray(OPTIONS_OFFSET + 2),
  ])
  for (const form of [bytes, loneNul]) {
    expect(parseClientKeyMethod2(form)).toMatchObject({ type: 'message', message: { options: '', username: 'ada' } })
  }
})

it('asks for more at every cut of a message, and reads it when whole, whatever follows', () => {
  fc.assert(
    fc.property(messages, fc.uint8Array({ maxLength: 20 }), (message, tail) => {
      const bytes = serialiseClientKeyMethod2(message)
      for (let cut = 0; cut < bytes.length; cut += 7) {
        expect(parseClientKeyMethod2(bytes.subarray(0, cut))).toEqual({ type: 'incomplete' })
      }
      expect(parseClientKeyMethod2(concatBytes([bytes, tail]))).toEqual({
        type: 'message',
        message,
        length: bytes.length,
      })
    }),
    { numRuns: 50 },
  )
})

it('answers without a pre-master secret and with empty strings at the end', () => {
  const { random1, random2, options } = MESSAGE
  const bytes = serialiseServerKeyMethod2({ random1, random2, options })
  expect(bytes).toHaveLength(4 + 1 + 64 + 2 + options.length + 1 + 6)
  expect(parseServerKeyMethod2(bytes)).toEqual({
    type: 'message',
    message: { random1, random2, options },
    length: bytes.length - 6,
  })
})
