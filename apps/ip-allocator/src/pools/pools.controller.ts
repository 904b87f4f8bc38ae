import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common'
import {
  ALLOCATOR_API_VERSION,
  type PoolDefinition,
  poolDefinition,
  type PoolStatus,
  type PoolUseRequest,
  poolUseRequest,
  type PoolUseResponse,
  uuid,
} from '@sallyport/contracts'
import { AddressPools } from '@sallyport/ip-pool'

import { ApiProblem } from '../http/api-problem.ts'
import { Roles } from '../http/roles.guard.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'

/** Pools: the auth-service defines them, everybody may look. */
@Controller(`allocator/v${String(ALLOCATOR_API_VERSION)}/pools`)
export class PoolsController {
  readonly #pools: AddressPools

  constructor(@Inject(AddressPools) pools: AddressPools) {
    this.#pools = pools
  }

  @Put(':networkId')
  @Roles('auth-service')
  @HttpCode(204)
  async define(
    @Param('networkId', new ZodValidationPipe(uuid)) networkId: string,
    @Body(new ZodValidationPipe(poolDefinition)) { tenantId, ipv4, ipv6 }: PoolDefinition,
  ): Promise<void> {
    const result = await this.#pools.define({ tenantId, networkId }, { ipv4, ipv6 })
    if (result.type === 'defined') return
    if (result.reason === 'pool-conflict') throw new ApiProblem('pool-conflict')
    throw new ApiProblem('bad-request', [{ path: result.field, message: result.message }])
  }

  @Post('use')
  @Roles('auth-service')
  @HttpCode(200)
  async use(@Body(new ZodValidationPipe(poolUseRequest)) { pools }: PoolUseRequest): Promise<PoolUseResponse> {
    const known = await this.#pools.statuses(pools)
    return { pools: known.map(({ networkId, capacity, leased }) => ({ networkId, capacity, leased })) }
  }

  @Get(':networkId')
  @Roles('auth-service', 'vpn-node')
  async status(@Param('networkId', new ZodValidationPipe(uuid)) networkId: string): Promise<PoolStatus> {
    const pool = await this.#pools.status(networkId)
    if (pool === undefined) throw new ApiProblem('unknown-network')
    return { ...pool, capacity: String(pool.capacity) }
  }
}
