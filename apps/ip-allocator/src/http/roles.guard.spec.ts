import 'reflect-metadata'

import { Controller, Get, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { createLogger } from '@sallyport/telemetry'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { ApiErrorFilter } from './api-error.filter.ts'
import { Roles, RolesGuard } from './roles.guard.ts'

@Controller()
class ProbeController {
  @Get('unmarked')
  unmarked(): string {
    return 'open'
  }

  @Get('marked')
  @Roles('vpn-node', 'auth-service', 'ip-allocator')
  marked(): string {
    return 'open'
  }
}

@Module({ controllers: [ProbeController], providers: [{ provide: APP_GUARD, useClass: RolesGuard }] })
class ProbeModule {}

const metrics = new AllocatorMetrics(() => true)
let app: NestFastifyApplication
beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ProbeModule] }).compile()
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter())
  app.useGlobalFilters(new ApiErrorFilter(metrics, createLogger('test', 'silent')))
  await app.init()
})
afterAll(() => app.close())

it('closes a route that names no role', async () => {
  const answer = await app.inject({ method: 'GET', url: '/unmarked' })
  expect([answer.statusCode, answer.json()]).toMatchObject([403, { code: 'wrong-role' }])
  expect(metrics.refusals.values()['wrong-role']).toBe(1)
})

it('takes nobody’s word without a TLS connection', async () => {
  const answer = await app.inject({ method: 'GET', url: '/marked', headers: { 'x-client-cert': 'CN=me' } })
  expect([answer.statusCode, answer.json()]).toMatchObject([401, { code: 'untrusted-connection' }])
})
