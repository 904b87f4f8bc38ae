import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

import { AppModule, FEATURES } from '../app.module.ts'
import { servePortal } from '../portal/portal.plugin.ts'
import { findPortalBuild } from '../portal/portal-build.ts'
import type { Runtime } from '../runtime/runtime.module.ts'
import { keepAttendedSessions } from '../sign-in/attended-sessions.ts'
import { RedisSessionStore } from '../sign-in/redis-session-store.ts'
import { answerProblem, ApiErrorFilter } from './api-error.filter.ts'
import { BODY_BYTES, useBodyParsers } from './body-parsers.ts'
import { useCsvBody } from './csv-body.ts'
import { type OpenApiDocument, openApiOf, SESSION_COOKIE } from './openapi.ts'
import { routesOf } from './routes.ts'
import { refuseForeignPages } from './same-origin.ts'
import { DOCS_PATH, useSecurityHeaders } from './security-headers.ts'

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
  await useSecurityHeaders(app, isHttps)
  const directory = findPortalBuild(settings.AUTH_PORTAL_DIRECTORY, log)
  await app.register(servePortal, { directory, publicUrl: settings.AUTH_PUBLIC_URL, log })
  refuseForeignPages(app.getHttpAdapter().getInstance(), settings.AUTH_PUBLIC_URL)
  const sessions = new RedisSessionStore(store)
  await app.register(cookie)
  await app.register(session, {
    cookieName: SESSION_COOKIE,
    secret: Buffer.from(runtime.secrets.derive('portal session cookie').reveal()).toString('base64'),
    // The pages of the portal are files and need no session: they are there while Redis is away.
    cookie: { httpOnly: true, sameSite: 'strict', secure: isHttps, path: '/api' },
    store: sessions,
    saveUninitialized: false,
    rolling: false,
  })
  keepAttendedSessions(app.getHttpAdapter().getInstance(), sessions)
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
  SwaggerModule.setup(DOCS_PATH, app, isOpenApi.parse(document), { jsonDocumentUrl: 'api/openapi.json' })
}
