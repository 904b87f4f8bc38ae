import { Controller, Delete, Get, Inject, Param } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe } from '../http/zod-validation.pipe.ts'
import { type ConnectionView, connectionView } from './connections.schemas.ts'
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
    summary: 'Lists the own live connections on nodes that are heard, and the latest past ones',
    response: z.array(connectionView),
  })
  list(@CurrentActor() actor: Actor): Promise<ConnectionView[]> {
    return this.#connections.listOwn(actor)
  }

  @Delete(':id')
  @Contract({ summary: 'Ends an own connection', status: 204 })
  end(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#connections.endOwn(actor, id)
  }
}
