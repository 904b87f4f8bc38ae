import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import session from '@fastify/session'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

import { AppModule, FEATURES } from '../app.module.ts'
import type { Runtime } from '../runtime/runtime.module.ts'
import { SESSION_IDLE_SECONDS } from '../sign-in/portal-sessions.ts'
import { RedisSessionStore } from '../sign-in/redis-session-store.ts'
import { answerProblem, ApiErrorFilter } from './api-error.filter.ts'
import { BODY_BYTES, useBodyParsers } from './body-parsers.ts'
import { useCsvBody } from './csv-body.ts'
import { type OpenApiDocument, openApiOf, SESSION_COOKIE } from './openapi.ts'
import { routesOf } from './routes.ts'

/** Builds the public REST API; the caller listens and closes. */
export async function createPublicApi(runtime: Runtime): Promise<NestFastifyApplication> {
  const { settings, store, log } = runtime
  const isHttps = settings.AUTH_PUBLIC_URL.startsWith('https:')
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    // Without TLS there is no proxy in front: nobody may claim another address or protocol.
    trustProxy: isHttps ? settings.AUTH_TRUSTED_PROXIES : false,
    forceCloseConnections: true,
    frameworkErrors: (error: Error, _: FastifyRequest, reply: FastifyReply) => {
      answerProblem(reply, error, log)
    },
  })
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals.
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(runtime), adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  })
  await app.register(helmet, {
    strictTransportSecurity: isHttps,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: isHttps ? [] : null } },
  })
  await app.register(cookie)
  await app.register(session, {
    cookieName: SESSION_COOKIE,
    secret: Buffer.from(runtime.secrets.derive('portal session cookie').reveal()).toString('base64'),
    cookie: { httpOnly: true, sameSite: 'strict', secure: isHttps, path: '/' },
    store: new RedisSessionStore(store, SESSION_IDLE_SECONDS),
    saveUninitialized: false,
    rolling: false,
  })
  useBodyParsers(app)
  useCsvBody(app)
  const routes = routesOf(FEATURES)
  app.useGlobalFilters(new ApiErrorFilter(log, routes))
  serveDocument(app, openApiOf(routes))
  await app.init()
  return app
}

function serveDocument(app: NestFastifyApplication, document: OpenApiDocument): void {
  const isOpenApi = z.custom<OpenAPIObject>((value) => value === document)
  SwaggerModule.setup('api/docs', app, isOpenApi.parse(document), { jsonDocumentUrl: 'api/openapi.json' })
}
