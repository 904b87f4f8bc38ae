import { Body, Controller, Header, Inject, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, CurrentOperator, type PlatformActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type CreatedOperator,
  createdOperator,
  type CreateOperatorRequest,
  createOperatorRequest,
} from './operators.schemas.ts'
import { OperatorsService } from './operators.service.ts'

@ApiTags('platform')
@Controller('api/v1/platform/operators')
@Access('platform.write')
export class OperatorsController {
  readonly #operators: OperatorsService

  constructor(@Inject(OperatorsService) operators: OperatorsService) {
    this.#operators = operators
  }

  @Post()
  @Access('platform.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates an operator of the platform',
    description: 'Operators are users of the platform’s own tenant, which the first call makes; it has no networks.',
    status: 201,
    response: createdOperator,
  })
  create(
    @CurrentOperator() caller: PlatformActor,
    @Body(new ZodValidationPipe(createOperatorRequest)) request: CreateOperatorRequest,
  ): Promise<CreatedOperator> {
    return this.#operators.create(caller, request)
  }
}
