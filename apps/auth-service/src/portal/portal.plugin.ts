import fastifyStatic from '@fastify/static'
import type { Logger } from '@sallyport/telemetry'
import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { answerProblem } from '../http/api-error.filter.ts'
import { MISSING_BUILD_PAGE } from './missing-build-page.ts'
import { ASSET_HEADERS, portalHeadersOf } from './portal-headers.ts'
import { portalTargetOf } from './portal-target.ts'

const YEAR_MS = 365 * 24 * 3600 * 1000

/** Files that no browser shows as a document in which something could run. */
const ASSET = /\.(?:js|css|png|webp|woff2)(?:\.(?:br|gz))?$/

/** Fastify's own limit for a part of an address; its check gives way to a route that takes everything. */
const MAX_PART_CHARACTERS = 100

const FILES = {
  serve: false,
  preCompressed: true,
  cacheControl: false,
  dotfiles: 'ignore',
  index: false,
} as const

export interface PortalOptions {
  /** The build; absent when there is none. */
  readonly directory: string | undefined
  /** The URL that browsers use. */
  readonly publicUrl: string
  readonly log: Logger
}

/**
 * Serves the portal at `/`: its files, and its page for every other address that nobody has. Assets have the digest of
 * their content in their names and never change; the page that names them is asked for each time.
 */
export async function servePortal(scope: FastifyInstance, { directory, publicUrl, log }: PortalOptions): Promise<void> {
  const { protocol } = new URL(publicUrl)
  const headers = portalHeadersOf(protocol === 'https:')
  // The API's own comes later than this scope, and the server's tells the text of whatever went wrong.
  scope.setErrorHandler((error, _, reply) => {
    answerProblem(reply, error, log)
  })
  if (directory !== undefined) {
    await scope.register(fastifyStatic, { ...FILES, root: directory, setHeaders: leaveAssetHeaders })
  }

  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const target = portalTargetOf(request.url, request.headers.accept)
    if (target === undefined || (directory === undefined && target.kind !== 'page')) {
      if (hasLongPart(request.url)) throw new errorCodes.FST_ERR_MAX_PARAM_LENGTH()
      reply.callNotFound()
      return reply
    }
    if (target.kind !== 'asset' || !ASSET.test(target.path)) void reply.headers(headers)
    if (target.kind === 'asset') {
      return reply.sendFile(target.path, { cacheControl: true, maxAge: YEAR_MS, immutable: true })
    }
    if (target.kind === 'file') return reply.header('cache-control', 'no-cache').sendFile(target.path)
    const elsewhere = ownAddressOf(request, publicUrl)
    if (elsewhere !== undefined) return reply.redirect(elsewhere, 307)
    return directory === undefined
      ? reply.status(503).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(MISSING_BUILD_PAGE)
      : reply.header('cache-control', 'no-cache').sendFile('index.html')
  }
  scope.route({ method: ['GET', 'HEAD'], url: '/*', handler: answer })
}

/** Takes from an asset that is there what is of use with documents only: with many small files it is most of an answer. */
function leaveAssetHeaders({ request, raw }: FastifyReply, path: string): void {
  if (!request.url.startsWith('/assets/') || !ASSET.test(path)) return
  for (const name of raw.getHeaderNames()) if (!ASSET_HEADERS.has(name)) raw.removeHeader(name)
}

function hasLongPart(url: string): boolean {
  const [path = ''] = url.split('?', 1)
  return path.split('/').some((part) => part.length > MAX_PART_CHARACTERS)
}

/**
 * The same address under the name that the service goes by, when a page was asked for under another: nothing could be
 * sent from there. Behind a proxy (https) it is not known by which name the browser asked.
 */
function ownAddressOf({ host, url }: FastifyRequest, publicUrl: string): string | undefined {
  const own = new URL(publicUrl)
  const isOwn = own.protocol === 'https:' || host === '' || host.toLowerCase() === own.host
  return isOwn || !url.startsWith('/') ? undefined : own.origin + url
}
