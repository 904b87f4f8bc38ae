import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common'
import type { ClusterPeer } from '@sallyport/cluster-identity'
import {
  ALLOCATOR_API_VERSION,
  type Lease,
  type LeaseRequest,
  leaseRequest,
  type ReleaseRequest,
  releaseRequest,
  type ReleaseResponse,
  type RenewRequest,
  renewRequest,
  type RenewResponse,
  uuid,
} from '@sallyport/contracts'
import { AddressPools } from '@sallyport/ip-pool'

import { ApiProblem } from '../http/api-problem.ts'
import { Caller, Roles } from '../http/roles.guard.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'

/** Leases: a vpn-node makes them for its connections and is their only holder. */
@Controller(`allocator/v${String(ALLOCATOR_API_VERSION)}`)
export class LeasesController {
  readonly #pools: AddressPools
  readonly #metrics: AllocatorMetrics

  constructor(@Inject(AddressPools) pools: AddressPools, @Inject(AllocatorMetrics) metrics: AllocatorMetrics) {
    this.#pools = pools
    this.#metrics = metrics
  }

  @Post('pools/:networkId/leases')
  @Roles('vpn-node')
  @HttpCode(200)
  async lease(
    @Caller() { serviceId }: ClusterPeer,
    @Param('networkId', new ZodValidationPipe(uuid)) networkId: string,
    @Body(new ZodValidationPipe(leaseRequest)) { tenantId, deviceId, connectionId }: LeaseRequest,
  ): Promise<Lease> {
    const result = await this.#pools.lease({ tenantId, networkId }, { deviceId, connectionId, serviceId })
    if (result.type === 'refused') throw new ApiProblem(result.reason)
    this.#metrics.leases.increment('granted')
    const { ipv4, ipv6, ttlSeconds } = result
    return { networkId, deviceId, connectionId, ipv4, ipv6, ttlSeconds }
  }

  @Post('leases/renew')
  @Roles('vpn-node')
  @HttpCode(200)
  async renew(
    @Caller() { serviceId }: ClusterPeer,
    @Body(new ZodValidationPipe(renewRequest)) { leases }: RenewRequest,
  ): Promise<RenewResponse> {
    const results = await this.#pools.renew(leases.map((lease) => ({ ...lease, serviceId })))
    return {
      results: results.map((result, index) => {
        const connectionId = leases[index]?.connectionId ?? ''
        if (result.type === 'refused') this.#metrics.refusals.increment(result.reason)
        else this.#metrics.leases.increment('renewed')
        return { connectionId, result: result.type === 'refused' ? result.reason : 'renewed' }
      }),
    }
  }

  @Post('leases/release')
  @Roles('vpn-node')
  @HttpCode(200)
  async release(
    @Caller() { serviceId }: ClusterPeer,
    @Body(new ZodValidationPipe(releaseRequest)) { leases }: ReleaseRequest,
  ): Promise<ReleaseResponse> {
    const results = await this.#pools.release(leases.map((lease) => ({ ...lease, serviceId })))
    return {
      results: results.map((result, index) => {
        const connectionId = leases[index]?.connectionId ?? ''
        if (result.type === 'refused') this.#metrics.refusals.increment(result.reason)
        else this.#metrics.leases.increment('released')
        return { connectionId, result: result.type === 'refused' ? result.reason : 'released' }
      }),
    }
  }
}
