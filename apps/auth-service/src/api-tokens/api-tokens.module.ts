import { Module } from '@nestjs/common'

import { SignInModule } from '../sign-in/sign-in.module.ts'
import { ApiTokenCheck } from './api-token-check.ts'
import { ApiTokensController } from './api-tokens.controller.ts'
import { ApiTokensService } from './api-tokens.service.ts'
import { OwnApiTokensController } from './own-api-tokens.controller.ts'

/** Tokens with which scripts call the API in somebody's name. */
@Module({
  imports: [SignInModule],
  controllers: [OwnApiTokensController, ApiTokensController],
  providers: [ApiTokensService, ApiTokenCheck],
  exports: [ApiTokenCheck],
})
export class ApiTokensModule {}
