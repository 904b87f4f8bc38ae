import fc from 'fast-check'
import { expect, it } from 'vitest'

import { serialiseControlMessage } from './control-message.ts'
import { assemblePushReply, isPushableOption, parsePushReply } from './push-reply.ts'

const options = fc
  .string({ unit: fc.constantFrom('a', 'Z', '0', '9', ' ', '.', ':', '/', '-', '"'), minLength: 1, maxLength: 255 })
  .filter(isPushableOption)

it('refuses options that a client would read differently', () => {
  for (const option of ['', 'a,b', 'a\nb', 'ä', 'x'.repeat(256), 'a '.repeat(17).trim()]) {
    expect(assemblePushReply(['ping 10', option])).toBeUndefined()
  }
})

it('refuses an empty reply', () => {
  expect(assemblePushReply([])).toBeUndefined()
})

it('needs one message without a mark for few options', () => {
  expect(assemblePushReply(['ping 10', 'ping-restart 60'])).toEqual(['PUSH_REPLY,ping 10,ping-restart 60'])
})

it('marks every part but the last with 2 and the last with 1', () => {
  const long = Array.from({ length: 9 }, (_, index) => `setenv-safe V${String(index)} ${'x'.repeat(200)}`)
  const parts = assemblePushReply(long) ?? []
  expect(parts.length).toBeGreaterThan(2)
  expect(parts.slice(0, -1).every((part) => part.endsWith(',push-continuation 2'))).toBe(true)
  expect(parts.at(-1)).toMatch(/,push-continuation 1$/)
  expect(parsePushReply(parts.slice(0, -1))).toBeUndefined()
})

it('keeps every message within 1024 bytes with its NUL and 940 without the mark, and loses no option', () => {
  fc.assert(
    fc.property(fc.array(options, { minLength: 1, maxLength: 60 }), (list) => {
      const parts = assemblePushReply(list) ?? []
      expect(parsePushReply(parts)).toEqual(list)
      for (const part of parts) {
        expect(serialiseControlMessage(part).length).toBeLessThanOrEqual(1024)
        expect(part.replace(/,push-continuation [12]$/, '').length).toBeLessThanOrEqual(940)
      }
    }),
  )
})
