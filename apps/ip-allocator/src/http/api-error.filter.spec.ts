import { ForbiddenException, NotFoundException } from '@nestjs/common'
import { type ApiError, apiError } from '@sallyport/contracts'
import { LeaseStoreError } from '@sallyport/ip-pool'
import { createLogger } from '@sallyport/telemetry'
import { expect, it } from 'vitest'

import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { answerTo } from './api-error.filter.ts'
import { ApiProblem, REFUSAL_REASONS } from './api-problem.ts'

function answer(error: unknown): { status: number; body: ApiError; log: string; metrics: AllocatorMetrics } {
  const lines: string[] = []
  const metrics = new AllocatorMetrics(() => true)
  const log = createLogger('test', 'info', { write: (line) => void lines.push(line) })
  return { ...answerTo(error, metrics, log), log: lines.join(''), metrics }
}

it('tells nobody about an error that nobody expected, but the log', () => {
  const { status, body, log } = answer(new TypeError('the inner workings'))
  expect(status).toBe(500)
  expect(JSON.stringify(body)).not.toContain('inner workings')
  expect(log).toContain('the inner workings')
})

it('takes a store that holds what it cannot read for a failure of ours', () => {
  expect(answer(new LeaseStoreError('store-unreadable', 'newer')).status).toBe(500)
})

it('asks to try again when the store is away, and does not say why', () => {
  const { status, body, log } = answer(new LeaseStoreError('store-unavailable', 'connect ECONNREFUSED 192.0.2.1'))
  expect([status, body]).toMatchObject([503, { code: 'store-unavailable' }])
  expect(JSON.stringify(body)).not.toContain('192.0.2.1')
  expect(log).toContain('192.0.2.1')
})

it.each(REFUSAL_REASONS)('answers and counts %s', (reason) => {
  const { status, body, metrics } = answer(new ApiProblem(reason))
  expect(status).toBeGreaterThanOrEqual(400)
  expect(apiError.parse(body).code).toBe(reason)
  expect(metrics.refusals.values()[reason]).toBe(1)
})

it.each<[error: Error, status: number, code: string]>([
  [new NotFoundException('Cannot GET /secret'), 404, 'not-found'],
  [new ForbiddenException(), 400, 'bad-request'],
  [Object.assign(new Error('too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 400, 'bad-request'],
])('puts %s into our words', (error, status, code) => {
  expect(answer(error)).toMatchObject({ status, body: { code } })
})
