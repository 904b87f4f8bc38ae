import { expect, it } from 'vitest'

import { readLastError } from './last-error.ts'

it.each([
  ['timed-out', { failure: 'timed-out', status: null }],
  ['refused (HTTP 503)', { failure: 'refused', status: 503 }],
  ['something that nobody knows', { failure: 'something that nobody knows', status: null }],
])('reads %j', (lastError, read) => {
  expect(readLastError(lastError)).toEqual(read)
})
