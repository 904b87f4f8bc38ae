import { isIP } from 'node:net'

import type { Secret } from '@sallyport/foundation'

const SUBMISSION_PORT = 587
const SUBMISSIONS_PORT = 465
const TIMEOUT_MS = 10_000
const CONNECTIONS = 2

/** How the SMTP server is spoken to. */
export interface SmtpOptions {
  readonly pool: true
  readonly maxConnections: number
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
  /** STARTTLS, or nothing is sent. */
  readonly requireTLS: boolean
  readonly auth?: { readonly user: string; readonly pass: string }
  readonly connectionTimeout: number
  readonly greetingTimeout: number
  readonly socketTimeout: number
  readonly disableFileAccess: true
  readonly disableUrlAccess: true
}

/**
 * Reads `smtp://user:password@host:port` (STARTTLS, RFC 3207) or `smtps://…` (TLS at once, RFC 8314 §3.3). Without TLS
 * nothing leaves the machine: the mails carry secrets. Throws when it is neither.
 */
export function transportOptionsOf(smtpUrl: Secret<string>): SmtpOptions {
  const url = new URL(smtpUrl.reveal())
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw new Error('must begin with smtp:// or smtps://')
  if (url.hostname === '' || (url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    throw new Error('must be smtp://user:password@host:port, without a path and a query')
  }
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
  return {
    pool: true,
    maxConnections: CONNECTIONS,
    host,
    port: url.port === '' ? (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT) : Number(url.port),
    secure,
    requireTLS: !secure && !isLoopback(host),
    ...(auth.user === '' ? {} : { auth }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
