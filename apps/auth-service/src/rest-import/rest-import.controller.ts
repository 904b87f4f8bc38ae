import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { NO_AUTOLOGIN, type RestError, restErrorXml } from './rest-error.ts'
import { RestImport } from './rest-import.service.ts'

/** What OpenVPN Connect calls when somebody imports a profile by typing the name of the server. */
@ApiTags('import')
@Controller('rest')
@Access('public')
export class RestImportController {
  readonly #import: RestImport

  constructor(@Inject(RestImport) restImport: RestImport) {
    this.#import = restImport
  }

  @Get('GetUserlogin')
  @Contract({
    summary: 'Enrols a device with a server-made key and gives its profile, for OpenVPN Connect',
    description:
      'HTTP basic authentication; the user name is organisation/user or user@organisation. A second factor is asked for ' +
      'by CRV1. Refusals are XML.',
    response: z.string(),
    produces: 'text/plain',
  })
  async userLogin(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: unknown,
  ): Promise<string> {
    void reply.header('cache-control', 'no-store')
    // A look at the address enrols nobody.
    if (request.method === 'HEAD') return ''
    const { authorization } = request.headers
    const result = await this.#import.userLogin({ authorization, query, source: request.ip })
    if ('error' in result) return refuse(reply, result.error)
    void reply.header('content-type', 'text/plain; charset=utf-8')
    return result.profile
  }

  @Get('GetAutologin')
  @Contract({
    summary: 'Refuses, because profiles without a password are not given',
    response: z.string(),
    produces: 'text/plain',
  })
  autologin(@Res({ passthrough: true }) reply: FastifyReply): string {
    return refuse(reply, NO_AUTOLOGIN)
  }
}

function refuse(reply: FastifyReply, error: RestError): string {
  void reply.status(error.status).header('content-type', 'text/xml; charset=utf-8').header('cache-control', 'no-store')
  if (error.status === 401) void reply.header('www-authenticate', 'Basic realm="Sallyport", charset="UTF-8"')
  return restErrorXml(error)
}
