import { Body, Controller, Get, Header, Inject, Post, Query, StreamableFile } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { type Page, pageView } from '../http/page.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type AuditEventView,
  auditEventView,
  auditHead,
  type AuditHeadView,
  type AuditQuery,
  auditQuery,
  type ExportQuery,
  exportQuery,
  type VerifyRequest,
  verifyRequest,
  type VerifyResponse,
  verifyResponse,
} from './audit.schemas.ts'
import { AuditService } from './audit.service.ts'
import { EXPORTED_LINE } from './exported-line-example.ts'

@ApiTags('audit')
@Controller('api/v1/audit')
@Access('audit.read')
export class AuditController {
  readonly #audit: AuditService

  constructor(@Inject(AuditService) audit: AuditService) {
    this.#audit = audit
  }

  @Get()
  @Contract({
    summary: 'Lists what happened, newest first; a page with fewer events than asked for need not be the last one',
    response: pageView(auditEventView),
  })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(auditQuery)) query: AuditQuery,
  ): Promise<Page<AuditEventView>> {
    return this.#audit.list(actor, query)
  }

  @Get('export')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Streams the log in the order of its chain, one JSON object a line',
    description:
      'The lines have all that is needed to verify them elsewhere. An export that fails breaks the connection off: ' +
      'what arrived until then is good, and `after` with its last sequence goes on from there.',
    response: z.string(),
    produces: 'application/x-ndjson',
    examples: { response: EXPORTED_LINE },
  })
  async export(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(exportQuery)) query: ExportQuery,
  ): Promise<StreamableFile> {
    const type = 'application/x-ndjson'
    return new StreamableFile(await this.#audit.export(actor, query), {
      type,
      disposition: 'attachment; filename="audit.ndjson"',
    })
  }

  @Get('head')
  @Contract({ summary: 'Tells the end of the chain, to be kept elsewhere as an anchor', response: auditHead })
  head(@CurrentActor() actor: Actor): Promise<AuditHeadView> {
    return this.#audit.head(actor)
  }

  @Post('verify')
  @Contract({
    summary: 'Recomputes the chain and says whether anything was changed, taken out or put in',
    body: verifyRequest,
    response: verifyResponse,
  })
  verify(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(verifyRequest)) request: VerifyRequest,
  ): Promise<VerifyResponse> {
    return this.#audit.verify(actor, request)
  }
}
