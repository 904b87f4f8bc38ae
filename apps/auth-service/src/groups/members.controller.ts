import { Controller, Delete, Get, Inject, Param, Put, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type ListMembersQuery, listMembersQuery, memberPage, type MemberView } from './groups.schemas.ts'
import { MembersService } from './members.service.ts'

@ApiTags('groups')
@Controller('api/v1/groups/:id/members')
@Access('groups.write')
export class MembersController {
  readonly #members: MembersService

  constructor(@Inject(MembersService) members: MembersService) {
    this.#members = members
  }

  @Get()
  @Access('groups.read')
  @Contract({ summary: 'Lists the members of a group by name', response: memberPage })
  list(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Query(new ZodValidationPipe(listMembersQuery)) query: ListMembersQuery,
  ): Promise<Page<MemberView>> {
    return this.#members.list(actor, id, query)
  }

  @Put(':userId')
  @Access('groups.write', { recent: true })
  @Contract({ summary: 'Puts a user into a group', status: 204 })
  add(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Param('userId', IdPipe) userId: string,
  ): Promise<void> {
    return this.#members.add(actor, id, userId)
  }

  @Delete(':userId')
  @Access('groups.write', { recent: true })
  @Contract({ summary: 'Takes a user out of a group', status: 204 })
  remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Param('userId', IdPipe) userId: string,
  ): Promise<void> {
    return this.#members.remove(actor, id, userId)
  }
}
