import { Body, Controller, Get, Inject, Param, Post, Put, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { DryRunService } from './dry-run.service.ts'
import {
  type DryRunRequest,
  dryRunRequest,
  type DryRunView,
  dryRunView,
  type EffectivePolicyQuery,
  effectivePolicyQuery,
  type EffectivePolicyView,
  effectivePolicyView,
  type GroupPolicyView,
  groupPolicyView,
  type PolicyView,
  policyView,
  type SetGroupPolicyRequest,
  setGroupPolicyRequest,
  type SetPolicyRequest,
  setPolicyRequest,
} from './policy.schemas.ts'
import { PolicyService } from './policy.service.ts'

@ApiTags('policy')
@Controller('api/v1')
@Access('policy.read')
export class PolicyController {
  readonly #policy: PolicyService
  readonly #dryRun: DryRunService

  constructor(@Inject(PolicyService) policy: PolicyService, @Inject(DryRunService) dryRun: DryRunService) {
    this.#policy = policy
    this.#dryRun = dryRun
  }

  @Get('policy')
  @Contract({ summary: "Shows the tenant's policy", response: policyView })
  get(@CurrentActor() actor: Actor): Promise<PolicyView> {
    return this.#policy.get(actor)
  }

  @Put('policy')
  @Access('policy.write', { recent: true })
  @Contract({
    summary: "Sets the tenant's policy",
    description: 'Live connections that it does not allow any more end within a second.',
    body: setPolicyRequest,
    response: policyView,
  })
  set(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(setPolicyRequest)) request: SetPolicyRequest,
  ): Promise<PolicyView> {
    return this.#policy.set(actor, request)
  }

  @Get('policy/effective')
  @Contract({ summary: 'Shows which rules hold for a user, and who decided each', response: effectivePolicyView })
  effective(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(effectivePolicyQuery)) { userId }: EffectivePolicyQuery,
  ): Promise<EffectivePolicyView> {
    return this.#policy.effective(actor, userId)
  }

  @Post('policy/dry-run')
  @Contract({
    summary: 'Tells what would happen if a user came in like this, with this policy',
    body: dryRunRequest,
    response: dryRunView,
  })
  dryRun(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(dryRunRequest)) request: DryRunRequest,
  ): Promise<DryRunView> {
    return this.#dryRun.run(actor, request)
  }

  @Put('groups/:id/policy')
  @Access('policy.write', { recent: true })
  @Contract({
    summary: "Sets what a group says differently from the tenant's policy",
    description: 'Live connections that it does not allow any more end within a second.',
    body: setGroupPolicyRequest,
    response: groupPolicyView,
  })
  setOfGroup(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(setGroupPolicyRequest)) { policy }: SetGroupPolicyRequest,
  ): Promise<GroupPolicyView> {
    return this.#policy.setOfGroup(actor, id, policy)
  }
}
