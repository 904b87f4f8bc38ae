import { type ArgumentsHost, ForbiddenException, NotFoundException } from '@nestjs/common'
import { apiError } from '@sallyport/contracts'
import { LeaseStoreError } from '@sallyport/ip-pool'
import { createLogger } from '@sallyport/telemetry'
import { expect, it } from 'vitest'

import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { ApiErrorFilter } from './api-error.filter.ts'
import { ApiProblem, REFUSAL_REASONS } from './api-problem.ts'

function answerTo(error: unknown): { status: number; body: unknown; log: string; metrics: AllocatorMetrics } {
  const lines: string[] = []
  const metrics = new AllocatorMetrics(() => true)
  const answer = { status: 0, body: undefined as unknown }
  const reply = {
    status: (status: number) => {
      answer.status = status
      return reply
    },
    send: (body: unknown) => {
      answer.body = body
    },
  }
  const host = { switchToHttp: () => ({ getResponse: () => reply }) } as unknown as ArgumentsHost
  const log = createLogger('test', 'info', { write: (line) => void lines.push(line) })
  new ApiErrorFilter(metrics, log).catch(error, host)
  return { ...answer, log: lines.join(''), metrics }
}

it('tells nobody about an error that nobody expected, but the log', () => {
  const { status, body, log } = answerTo(new TypeError('the inner workings'))
  expect(status).toBe(500)
  expect(JSON.stringify(body)).not.toContain('inner workings')
  expect(log).toContain('the inner workings')
})

it('takes a store that holds what it cannot read for a failure of ours', () => {
  expect(answerTo(new LeaseStoreError('store-unreadable', 'newer')).status).toBe(500)
})

it('asks to try again when the store is away, and does not say why', () => {
  const { status, body, log } = answerTo(new LeaseStoreError('store-unavailable', 'connect ECONNREFUSED 192.0.2.1'))
  expect([status, body]).toMatchObject([503, { code: 'store-unavailable' }])
  expect(JSON.stringify(body)).not.toContain('192.0.2.1')
  expect(log).toContain('192.0.2.1')
})

it.each(REFUSAL_REASONS)('answers and counts %s', (reason) => {
  const { status, body, metrics } = answerTo(new ApiProblem(reason))
  expect(status).toBeGreaterThanOrEqual(400)
  expect(apiError.parse(body).code).toBe(reason)
  expect(metrics.refusals.values()[reason]).toBe(1)
})

it.each([
  [new NotFoundException('Cannot GET /secret'), 404, 'not-found'],
  [new ForbiddenException(), 400, 'bad-request'],
  [Object.assign(new Error('too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 400, 'bad-request'],
])('puts %s into our words', (error, status, code) => {
  expect(answerTo(error)).toMatchObject({ status, body: { code } })
})
