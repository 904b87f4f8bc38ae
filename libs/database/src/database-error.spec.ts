import { DriverAdapterError } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { expect, it } from 'vitest'

import { isDatabaseAway } from './database-error.ts'
import { Prisma } from './generated/client.ts'

const known = (code: string, message: string): Error =>
  new Prisma.PrismaClientKnownRequestError(message, { code, clientVersion: '7' })

const terminated = {
  kind: 'postgres',
  code: '57P01',
  severity: 'FATAL',
  message: 'terminating connection due to unexpected postmaster exit',
  detail: undefined,
  column: undefined,
  hint: undefined,
} as const

it.each([
  ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  ['a server that shuts down', Object.assign(new pg.DatabaseError('x', 1, 'error'), { code: '57P01' })],
  ['a server that starts, told by Prisma', known('P2039', 'Database error. Code: `57P03`. Message: `is starting up`')],
  ['a lost transaction', known('P2028', 'Transaction not found')],
  ['a broken connection', new Error('Connection terminated unexpectedly')],
  ['a client that is broken', new Error('Client has encountered a connection error and is not queryable')],
  ['a killed server in the words of the driver adapter', new DriverAdapterError(terminated)],
  ['a closed connection in the words of the driver adapter', new DriverAdapterError({ kind: 'ConnectionClosed' })],
  ['one of them as a cause', new Error('outer', { cause: new Error('Query read timeout') })],
])('takes %s for a database that is away for now', (_, error) => {
  expect(isDatabaseAway(error)).toBe(true)
})

it.each([
  ['a unique value that exists', known('P2002', 'Unique constraint failed')],
  ['a broken rule', known('P2039', 'Database error. Code: `23514`. Message: `violates check constraint`')],
  [
    'a broken rule in the words of the driver adapter',
    new DriverAdapterError({ ...terminated, code: '23514', message: 'violates check constraint' }),
  ],
  ['a bug', new TypeError('x is not a function')],
])('takes %s for what it is', (_, error) => {
  expect(isDatabaseAway(error)).toBe(false)
})
