import helmet from '@fastify/helmet'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'

/** Where the API's description can be read and tried out. */
export const DOCS_PATH = 'api/docs'

const DOCS_URL = new RegExp(`^/${DOCS_PATH}(?:[/?]|$)`)

/**
 * Sets the headers of every answer that sets none of its own: what the API gives is data, and no browser runs or frames
 * any of it. The page that describes the API runs the scripts that come with it.
 */
export async function useSecurityHeaders(app: NestFastifyApplication, isHttps: boolean): Promise<void> {
  const nothing = ["'none'"]
  await app.register(helmet, {
    strictTransportSecurity: isHttps,
    xFrameOptions: { action: 'deny' },
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: nothing, baseUri: nothing, formAction: nothing, frameAncestors: nothing },
    },
  })
  const upgradeInsecureRequests = isHttps ? [] : null
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      if (DOCS_URL.test(request.url))
        reply.helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests } } })
      done()
    })
}
