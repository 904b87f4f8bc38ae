import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type AuthorityView, authorityView, type RollOverRequest, rollOverRequest } from './authorities.schemas.ts'
import { AuthoritiesService } from './authorities.service.ts'

@ApiTags('authorities')
@Controller('api/v1/authorities')
@Access('settings.write')
export class AuthoritiesController {
  readonly #authorities: AuthoritiesService

  constructor(@Inject(AuthoritiesService) authorities: AuthoritiesService) {
    this.#authorities = authorities
  }

  @Get()
  @Access('settings.read')
  @Contract({
    summary: 'Lists certificate authorities, the newest first, with how many devices depend on each',
    response: z.array(authorityView),
  })
  list(@CurrentActor() actor: Actor): Promise<AuthorityView[]> {
    return this.#authorities.list(actor)
  }

  @Post()
  @Access('settings.write', { recent: true })
  @Contract({
    summary: 'Prepares the next certificate authority: it signs devices, and new profiles have it',
    status: 201,
    response: authorityView,
  })
  prepare(@CurrentActor() actor: Actor): Promise<AuthorityView> {
    return this.#authorities.prepare(actor)
  }

  @Post(':id/activate')
  @Access('settings.write', { recent: true })
  @Contract({
    summary: 'Lets the prepared authority sign servers',
    description: 'Refused while devices have a profile without it, unless forced: they would refuse the servers.',
    response: authorityView,
  })
  activate(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(rollOverRequest)) { force }: RollOverRequest,
  ): Promise<AuthorityView> {
    return this.#authorities.activate(actor, id, force)
  }

  @Post(':id/retire')
  @Access('settings.write', { recent: true })
  @Contract({
    summary: 'Ends the trust in an authority that signs no servers',
    description: 'Refused while devices have a certificate of it, unless forced: their connections are cut.',
    response: authorityView,
  })
  retire(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(rollOverRequest)) { force }: RollOverRequest,
  ): Promise<AuthorityView> {
    return this.#authorities.retire(actor, id, force)
  }
}
