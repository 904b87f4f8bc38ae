import { expect, it } from 'vitest'

import { readRecord } from './record-reader.ts'

const RULES = ['first-message', 'all-messages', 'one-message'] as const
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const messagesOf = (text: string): unknown[] =>
  RULES.map((record) => readRecord(bytes(text), { record })).map(({ messages, drop }) => [messages, drop])

it('every client reads one message with its NUL', () => {
  expect(messagesOf('PUSH_REPLY,ping 1\0')).toEqual(RULES.map(() => [['PUSH_REPLY,ping 1'], undefined]))
})

it('clients read several messages in a record each in their own way', () => {
  const why = 'several-messages-in-record'
  expect(messagesOf('INFO,a\0INFO,b\0')).toEqual([
    [['INFO,a'], why],
    [['INFO,a', 'INFO,b'], why],
    [[], why],
  ])
})

it('the strict ones wait for a NUL', () => {
  const why = 'unfinished-message'
  expect(messagesOf('INFO,a')).toEqual([
    [['INFO,a'], why],
    [['INFO,a'], why],
    [[], why],
  ])
})

it('no client reads what cannot be printed', () => {
  expect(messagesOf('INFO,\x07\0')).toEqual(RULES.map(() => [[], 'bad-control-message']))
})
