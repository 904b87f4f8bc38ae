import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type CaptureRequest,
  captureRequest,
  type CaptureView,
  captureView,
  connectionPage,
  type ConnectionView,
  type ListConnectionsQuery,
  listConnectionsQuery,
} from './connections.schemas.ts'
import { ConnectionsService } from './connections.service.ts'

@ApiTags('connections')
@Controller('api/v1/connections')
@Access('connections.write')
export class ConnectionsController {
  readonly #connections: ConnectionsService

  constructor(@Inject(ConnectionsService) connections: ConnectionsService) {
    this.#connections = connections
  }

  @Get()
  @Access('connections.read')
  @Contract({
    summary: 'Lists connections, the newest first; open ones of nodes that are not heard are left out',
    description: 'A page of a search with fewer connections than asked for need not be the last one: `next` tells.',
    response: connectionPage,
  })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listConnectionsQuery)) query: ListConnectionsQuery,
  ): Promise<Page<ConnectionView>> {
    return this.#connections.list(actor, query)
  }

  @Delete(':id')
  @Contract({ summary: 'Ends a connection', status: 204 })
  end(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#connections.end(actor, id)
  }

  @Post(':id/captures')
  @Access('connections.write', { recent: true })
  @Contract({
    summary: "Writes a live connection's packets to a pcapng file on its node; how it ended is in the audit log",
    body: captureRequest,
    status: 202,
    response: captureView,
  })
  capture(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(captureRequest)) request: CaptureRequest,
  ): Promise<CaptureView> {
    return this.#connections.capture(actor, id, request)
  }
}
