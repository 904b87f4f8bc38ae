import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Put, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeGroupRequest,
  changeGroupRequest,
  type CreateGroupRequest,
  createGroupRequest,
  groupPage,
  type GroupView,
  groupView,
  type ListGroupsQuery,
  listGroupsQuery,
  type OrderGroupsRequest,
  orderGroupsRequest,
} from './groups.schemas.ts'
import { GroupsService } from './groups.service.ts'

@ApiTags('groups')
@Controller('api/v1/groups')
@Access('groups.write')
export class GroupsController {
  readonly #groups: GroupsService

  constructor(@Inject(GroupsService) groups: GroupsService) {
    this.#groups = groups
  }

  @Get()
  @Access('groups.read')
  @Contract({ summary: 'Lists the groups of the tenant in their order', response: groupPage })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listGroupsQuery)) query: ListGroupsQuery,
  ): Promise<Page<GroupView>> {
    return this.#groups.list(actor, query)
  }

  @Get(':id')
  @Access('groups.read')
  @Contract({ summary: 'Shows a group', response: groupView })
  get(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<GroupView> {
    return this.#groups.get(actor, id)
  }

  @Post()
  @Contract({ summary: 'Creates a group, the last in the order', status: 201, response: groupView })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createGroupRequest)) request: CreateGroupRequest,
  ): Promise<GroupView> {
    return this.#groups.create(actor, request)
  }

  @Put('order')
  @Access('groups.write', { recent: true })
  @Contract({
    summary: 'Sets the order of all groups',
    description: 'Live connections that the policy does not allow any more end within a second.',
    status: 204,
  })
  order(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(orderGroupsRequest)) request: OrderGroupsRequest,
  ): Promise<void> {
    return this.#groups.order(actor, request)
  }

  @Patch(':id')
  @Contract({ summary: 'Renames a group', response: groupView })
  change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeGroupRequest)) request: ChangeGroupRequest,
  ): Promise<GroupView> {
    return this.#groups.change(actor, id, request)
  }

  @Delete(':id')
  @Access('groups.write', { recent: true })
  @Contract({ summary: 'Deletes a group; its members stay users', status: 204 })
  remove(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#groups.remove(actor, id)
  }
}
