import { Body, Controller, Get, Inject, Patch } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeSettingsRequest,
  changeSettingsRequest,
  type SettingsView,
  settingsView,
} from './settings.schemas.ts'
import { SettingsService } from './settings.service.ts'

@ApiTags('settings')
@Controller('api/v1/settings')
export class SettingsController {
  readonly #settings: SettingsService

  constructor(@Inject(SettingsService) settings: SettingsService) {
    this.#settings = settings
  }

  @Get()
  @Access('settings.read')
  @Contract({ summary: 'Shows the settings of the tenant', response: settingsView })
  get(@CurrentActor() actor: Actor): Promise<SettingsView> {
    return this.#settings.get(actor)
  }

  @Patch()
  @Access('settings.write', { recent: true })
  @Contract({
    summary: 'Changes the settings that are the tenant’s own',
    description: 'Suspension, namespaces and old clients are the operator’s: PATCH /platform/tenants/{id}.',
    response: settingsView,
  })
  change(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(changeSettingsRequest)) request: ChangeSettingsRequest,
  ): Promise<SettingsView> {
    return this.#settings.change(actor, request)
  }
}
