import { Controller, Delete, Get, Inject, Param, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  connectionPage,
  type ConnectionView,
  type ListOwnConnectionsQuery,
  listOwnConnectionsQuery,
} from './connections.schemas.ts'
import { ConnectionsService } from './connections.service.ts'

/** The connections of whoever calls. */
@ApiTags('me')
@Controller('api/v1/me/connections')
@Access('self.write')
export class OwnConnectionsController {
  readonly #connections: ConnectionsService

  constructor(@Inject(ConnectionsService) connections: ConnectionsService) {
    this.#connections = connections
  }

  @Get()
  @Access('self.read')
  @Contract({
    summary: 'Lists the own connections, the newest first; open ones on nodes that are not heard are left out',
    description: 'A page of a search with fewer connections than asked for need not be the last one: `next` tells.',
    response: connectionPage,
  })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listOwnConnectionsQuery)) query: ListOwnConnectionsQuery,
  ): Promise<Page<ConnectionView>> {
    return this.#connections.list(actor, { ...query, userId: actor.userId })
  }

  @Delete(':id')
  @Contract({ summary: 'Ends an own connection', status: 204 })
  end(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#connections.endOwn(actor, id)
  }
}
