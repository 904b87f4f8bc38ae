import { Body, Controller, Get, Inject, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, CurrentOperator, type PlatformActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeMasterKeyRequest,
  changeMasterKeyRequest,
  type MasterKeysView,
  masterKeysView,
} from './master-key.schemas.ts'
import { MasterKeyService } from './master-key.service.ts'

@ApiTags('platform')
@Controller('api/v1/platform/master-key')
@Access('platform.write')
export class MasterKeyController {
  readonly #masterKey: MasterKeyService

  constructor(@Inject(MasterKeyService) masterKey: MasterKeyService) {
    this.#masterKey = masterKey
  }

  @Get()
  @Access('platform.read')
  @Contract({ summary: 'Lists the master keys with which instances can start', response: masterKeysView })
  list(): Promise<MasterKeysView> {
    return this.#masterKey.list()
  }

  @Post()
  @Access('platform.write', { recent: true })
  @Contract({
    summary: 'Lets instances start with a new master key beside the present one',
    body: changeMasterKeyRequest,
    response: masterKeysView,
  })
  begin(
    @CurrentOperator() operator: PlatformActor,
    @Body(new ZodValidationPipe(changeMasterKeyRequest)) { newMasterKey }: ChangeMasterKeyRequest,
  ): Promise<MasterKeysView> {
    return this.#masterKey.begin(operator, newMasterKey)
  }

  @Post('finish')
  @Access('platform.write', { recent: true })
  @Contract({
    summary: 'Gives up the old master key, once every instance runs with the new one',
    response: masterKeysView,
  })
  finish(@CurrentOperator() operator: PlatformActor): Promise<MasterKeysView> {
    return this.#masterKey.finish(operator)
  }

  @Post('cancel')
  @Access('platform.write', { recent: true })
  @Contract({ summary: 'Gives up the new master key and keeps the present one', response: masterKeysView })
  cancel(@CurrentOperator() operator: PlatformActor): Promise<MasterKeysView> {
    return this.#masterKey.cancel(operator)
  }
}
