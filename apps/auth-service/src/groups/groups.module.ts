import { Module } from '@nestjs/common'

import { PolicyModule } from '../policy/policy.module.ts'
import { GroupsController } from './groups.controller.ts'
import { GroupsService } from './groups.service.ts'
import { MembersController } from './members.controller.ts'
import { MembersService } from './members.service.ts'

/** Groups of a tenant, their order and members. */
@Module({
  imports: [PolicyModule],
  controllers: [GroupsController, MembersController],
  providers: [GroupsService, MembersService],
})
export class GroupsModule {}
