import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type CaptureRequest,
  captureRequest,
  type CaptureView,
  captureView,
  type ConnectionView,
  connectionView,
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
    summary: 'Lists the live connections of nodes that are heard, and the latest past ones',
    response: z.array(connectionView),
  })
  list(@CurrentActor() actor: Actor): Promise<ConnectionView[]> {
    return this.#connections.list(actor)
  }

  @Delete(':id')
  @Contract({ summary: 'Ends a connection', status: 204 })
  end(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#connections.end(actor, id)
  }

  @Post(':id/captures')
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
