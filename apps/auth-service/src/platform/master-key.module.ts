import { Module } from '@nestjs/common'

import { MasterKeyController } from './master-key.controller.ts'
import { MasterKeyService } from './master-key.service.ts'
import { PlatformModule } from './platform.module.ts'

/** Change of the master key without a stop. */
@Module({ imports: [PlatformModule], controllers: [MasterKeyController], providers: [MasterKeyService] })
export class MasterKeyModule {}
