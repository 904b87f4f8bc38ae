import { Module } from '@nestjs/common'

import { Changes } from './changes.ts'

/** For whoever changes what the audit log does not tell about. */
@Module({ providers: [Changes], exports: [Changes] })
export class ChangesModule {}
