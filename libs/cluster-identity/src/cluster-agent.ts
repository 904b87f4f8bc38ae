import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls'

import type { ServiceRole } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'
import { Agent } from 'undici'

import { ServiceUnavailableError } from './api-error.ts'
import { CallPool } from './call-pool.ts'
import type { ClusterCredentials } from './server-tls.ts'

const CONNECT_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 30_000
const MAX_STREAMS = 32
const HTTPS_PORT = 443

/** Credentials of a client; without key and certificate it is anonymous, as during enrolment. */
export type ClientCredentials = Pick<ClusterCredentials, 'clusterCaPem'> & Partial<ClusterCredentials>

/** Reads the address of a service, `https://host:port`; throws `bad-service-address`. A path in it is ignored. */
export function serviceOrigin(address: string): string {
  if (URL.canParse(address) && new URL(address).protocol === 'https:') return new URL(address).origin
  throw new SallyportError('bad-service-address', `"${address}" must be an address like https://host:port`)
}

/** The connections that were made with one certificate. */
export interface ClusterConnections {
  /** For calls, of which there are thousands. */
  readonly calls: CallPool
  /** For streams. */
  readonly streams: Agent
}

/** Holds the connections to one service and replaces them when the client's certificate has changed. */
export class ClusterAgent {
  readonly #url: URL
  readonly #credentials: ClientCredentials
  readonly #serverRole: ServiceRole
  #current: (ClusterConnections & { readonly certificatePem: string | undefined }) | undefined
  /** Those of certificates before, until nothing is under way on them. */
  readonly #retired = new Set<ClusterConnections>()
  #closed = false

  /** `origin` as `serviceOrigin` gives it. */
  constructor(origin: string, credentials: ClientCredentials, serverRole: ServiceRole) {
    this.#url = new URL(origin)
    this.#credentials = credentials
    this.#serverRole = serverRole
  }

  /** Gives those with the certificate of this moment; requests under way finish on the connections of the one before. */
  current(): ClusterConnections {
    if (this.#closed) throw new ServiceUnavailableError('the client is closed')
    const { certificatePem } = this.#credentials
    const before = this.#current
    if (before !== undefined && before.certificatePem === certificatePem) return before
    const opened = { certificatePem, ...this.#open() }
    this.#current = opened
    if (before !== undefined) void this.#retire(before)
    return opened
  }

  async #retire(connections: ClusterConnections): Promise<void> {
    this.#retired.add(connections)
    await Promise.allSettled([connections.calls.retire(), connections.streams.close()])
    this.#retired.delete(connections)
  }

  /** Ends idle and busy connections; requests under way fail. */
  async destroy(): Promise<void> {
    this.#closed = true
    const all = [...this.#retired, ...(this.#current === undefined ? [] : [this.#current])]
    for (const { calls } of all) calls.destroy()
    await Promise.all(all.map(({ streams }) => streams.destroy()))
  }

  #open(): ClusterConnections {
    const { certificatePem, privateKeyPem, clusterCaPem } = this.#credentials
    const tls = {
      ca: clusterCaPem,
      ...(certificatePem === undefined ? {} : { cert: certificatePem }),
      ...(privateKeyPem === undefined ? {} : { key: privateKeyPem.reveal() }),
      minVersion: 'TLSv1.2',
    } as const
    const check = (host: string, certificate: PeerCertificate): Error | undefined =>
      checkServer(host, certificate, this.#serverRole)
    const { hostname, port } = this.#url
    return {
      calls: new CallPool({
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? HTTPS_PORT : Number(port),
        secureContext: createSecureContext(tls),
        checkServerIdentity: check,
      }),
      streams: new Agent({
        connections: MAX_STREAMS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        allowH2: false,
        connect: { timeout: CONNECT_TIMEOUT_MS, ...tls, checkServerIdentity: check },
      }),
    }
  }
}

function checkServer(host: string, certificate: PeerCertificate, role: ServiceRole): Error | undefined {
  const error = checkServerIdentity(host, certificate)
  if (error !== undefined || certificate.subject.OU === role) return error
  return new SallyportError('wrong-service', `the server's certificate is not of a service of role ${role}`)
}
