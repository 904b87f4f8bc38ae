import { Readable } from 'node:stream'

import { Controller, Header, Inject, Post, Query, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type ImportQuery, importQuery, type ImportReport, importReport } from './import.schemas.ts'
import { UserImport } from './user-import.service.ts'

const csv = z
  .string()
  .describe('columns username, email, displayName, role, groups; UTF-8; at most 5 MB and 10000 rows')

@ApiTags('users')
@Controller('api/v1/users/import')
@Access('users.write')
export class UserImportController {
  readonly #import: UserImport

  constructor(@Inject(UserImport) userImport: UserImport) {
    this.#import = userImport
  }

  @Post()
  @Access('users.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates users from a CSV file: all rows, or none when one has a problem',
    description:
      'The first line names the columns, in any order; only username is needed. Cells are separated by commas, or by ' +
      'semicolons; names of groups in a cell by semicolons. Everybody is invited by a link, which is mailed where there ' +
      'is an address. With dryRun=true nothing is changed.',
    consumes: 'text/csv',
    body: csv,
    response: importReport,
    examples: {
      body: 'username,email,displayName,role,groups\nada,ada@example.com,Ada Lovelace,user,"Engineering;On call"\n',
    },
  })
  run(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(importQuery)) query: ImportQuery,
    @Req() request: FastifyRequest,
  ): Promise<ImportReport> {
    const { body } = request
    if (body instanceof Readable) return this.#import.run(actor, body, query.dryRun)
    throw new ApiProblem(415, 'bad-request', 'Please send the file with the content type text/csv.')
  }
}
