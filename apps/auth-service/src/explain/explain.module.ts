import { Module } from '@nestjs/common'

import { ExplainController } from './explain.controller.ts'
import { ExplainService } from './explain.service.ts'

/** Answers «why could I not connect». */
@Module({ controllers: [ExplainController], providers: [ExplainService] })
export class ExplainModule {}
