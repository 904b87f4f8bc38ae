import fc from 'fast-check'
import { expect, it } from 'vitest'

import { ApiProblem } from './api-problem.ts'
import { parseJsonBody } from './json-body.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const bytes = (text: string) => Buffer.from(text)
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

function refusalOf(body: Uint8Array): unknown {
  try {
    parseJsonBody(body)
    return 'read'
  } catch (error) {
    return error instanceof ApiProblem ? [error.status, error.issues?.[0]?.path, error.issues?.[0]?.message] : error
  }
}

it.each([
  ['a key twice', '{"role":"user","role":"administrator"}', 'role', 'is given twice'],
  ['a key twice, once escaped', '{"a":{"role":1,"\\u0072ole":2}}', 'a.role', 'is given twice'],
  ['a key twice in an object of a list', '{"list":[{},{"x":1,"x":2}]}', 'list.1.x', 'is given twice'],
  ['a prototype', '{"a":{"__proto__":{"role":"administrator"}}}', 'a.__proto__', 'is not a name that a field can have'],
  ['half a text', '{"a":', '', 'is not valid JSON'],
  ['33 levels', nested(33), '', 'is nested deeper than 32 levels'],
  ['a comment', '{} // really', '', 'is not valid JSON (see character 3)'],
])('refuses %s and names the place', (_, text, path, message) => {
  expect(refusalOf(bytes(text))).toEqual([400, path, message])
})

it('refuses what is not UTF-8', () => {
  expect(refusalOf(Buffer.from('{"a":"\xff"}', 'latin1'))).toEqual([400, '', 'is not UTF-8; send JSON in UTF-8'])
  expect(refusalOf(Buffer.from('{"a":1}', 'utf16le'))).toMatchObject([400, '', matching(/^is not/)])
})

it('does not repeat what it was sent', () => {
  expect(String(refusalOf(bytes('{"password":"hunter2" oops}')))).not.toContain('hunter2')
})

it('reads names and texts that look like structure', () => {
  const value = { 'a"b': '{"x":1,"x":2}', list: ['role', 'role', '__proto__'], a: { a: { a: 1 } }, '': '\\' }
  expect(parseJsonBody(bytes(JSON.stringify(value)))).toEqual(value)
  expect(parseJsonBody(bytes(nested(32)))).toBeInstanceOf(Array)
  expect(parseJsonBody(new Uint8Array())).toBeUndefined()
})

it('reads every JSON text as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (text) => {
      fc.pre(!text.includes('__proto__'))
      expect(parseJsonBody(bytes(text))).toEqual(JSON.parse(text))
    }),
  )
})

it('reads the longest body in time', () => {
  const text = JSON.stringify({ list: Array.from({ length: 20_000 }, () => 'x'), long: 'y'.repeat(10_000_000) })
  const startedMs = performance.now()
  parseJsonBody(bytes(text))
  expect(performance.now() - startedMs).toBeLessThan(2000)
})
