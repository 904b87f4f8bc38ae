import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import session from '@fastify/session'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { deriveSealingKey } from '@sallyport/certificate-authority'

import { AppModule } from '../app.module.ts'
import type { Runtime } from '../runtime/runtime.module.ts'
import { SESSION_IDLE_SECONDS } from '../sign-in/portal-sessions.ts'
import { RedisSessionStore } from '../sign-in/redis-session-store.ts'
import { ApiErrorFilter } from './api-error.filter.ts'

const BODY_BYTES = 64 * 1024
const COOKIE_NAME = 'sallyport_session'

/** Builds the public REST API; the caller listens and closes. */
export async function createPublicApi(runtime: Runtime): Promise<NestFastifyApplication> {
  const { settings, store, log } = runtime
  const isHttps = settings.AUTH_PUBLIC_URL.startsWith('https:')
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES,
    // Without TLS there is no proxy in front: nobody may claim another address or protocol.
    trustProxy: isHttps ? settings.AUTH_TRUSTED_PROXIES : false,
    forceCloseConnections: true,
  })
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals.
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(runtime), adapter, {
    logger: false,
    abortOnError: false,
  })
  await app.register(helmet, {
    strictTransportSecurity: isHttps,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: isHttps ? [] : null } },
  })
  await app.register(cookie)
  await app.register(session, {
    cookieName: COOKIE_NAME,
    secret: Buffer.from(deriveSealingKey(settings.MASTER_KEY, 'portal session cookie').reveal()).toString('base64'),
    cookie: { httpOnly: true, sameSite: 'strict', secure: isHttps, path: '/' },
    store: new RedisSessionStore(store, SESSION_IDLE_SECONDS),
    saveUninitialized: false,
  })
  app.useGlobalFilters(new ApiErrorFilter(log))
  addOpenApi(app, settings.AUTH_PUBLIC_URL)
  await app.init()
  return app
}

function addOpenApi(app: NestFastifyApplication, publicUrl: string): void {
  const description = new DocumentBuilder()
    .setTitle('Sallyport')
    .setDescription('The public API: what the portal and the command line use.')
    .setVersion('1')
    .addServer(publicUrl)
    .addBearerAuth({ type: 'http', description: 'the operator token' })
    .addCookieAuth(COOKIE_NAME)
    .build()
  const document = SwaggerModule.createDocument(app, description)
  SwaggerModule.setup('api/docs', app, document, { jsonDocumentUrl: 'api/openapi.json' })
}
