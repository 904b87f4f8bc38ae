import { PasswordsBusyError } from '@sallyport/identity'
import { expect, it } from 'vitest'

import { SharedStoreAwayError } from '../runtime/shared-store.ts'
import { AttemptsUnderWayError } from '../sign-in/attempt-limit.ts'
import { isTemporary } from './api-error.ts'

it.each([
  ['too many attempts are being checked', new AttemptsUnderWayError()],
  ['too many passwords wait', new PasswordsBusyError()],
  ['Redis is away', new SharedStoreAwayError(new Error('x'))],
  ['PostgreSQL is away', new Error('Connection terminated unexpectedly')],
])('takes it for temporary that %s', (_, error) => {
  expect(isTemporary(error)).toBe(true)
})

it('takes a bug for no temporary trouble', () => {
  expect(isTemporary(new TypeError('x'))).toBe(false)
})
