import { checkServerIdentity, type PeerCertificate } from 'node:tls'

import type { ServiceRole } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'
import { Agent } from 'undici'

import { ServiceUnavailableError } from './api-error.ts'
import type { ClusterCredentials } from './server-tls.ts'

const CONNECT_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 30_000
const MAX_CONNECTIONS = 32

/** Credentials of a client; without key and certificate it is anonymous, as during enrolment. */
export type ClientCredentials = Pick<ClusterCredentials, 'clusterCaPem'> & Partial<ClusterCredentials>

/** Reads the address of a service, `https://host:port`; throws `bad-service-address`. A path in it is ignored. */
export function serviceOrigin(address: string): string {
  if (URL.canParse(address) && new URL(address).protocol === 'https:') return new URL(address).origin
  throw new SallyportError('bad-service-address', `"${address}" must be an address like https://host:port`)
}

/** Holds the connections to one service and replaces them when the client's certificate has changed. */
export class ClusterAgent {
  readonly #credentials: ClientCredentials
  readonly #serverRole: ServiceRole
  readonly #agents = new Map<string | undefined, Agent>()
  #closed = false

  constructor(credentials: ClientCredentials, serverRole: ServiceRole) {
    this.#credentials = credentials
    this.#serverRole = serverRole
  }

  /** Gives the agent for the certificate of this moment; requests under way finish on the connections of the one before. */
  current(): Agent {
    if (this.#closed) throw new ServiceUnavailableError('the client is closed')
    const { certificatePem } = this.#credentials
    const existing = this.#agents.get(certificatePem)
    if (existing !== undefined) return existing
    for (const [certificate, agent] of this.#agents) {
      void agent.close().finally(() => this.#agents.delete(certificate))
    }
    const agent = this.#open()
    this.#agents.set(certificatePem, agent)
    return agent
  }

  /** Ends idle and busy connections; requests under way fail. */
  async destroy(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()))
  }

  #open(): Agent {
    const { certificatePem, privateKeyPem, clusterCaPem } = this.#credentials
    return new Agent({
      connections: MAX_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      allowH2: false,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        ca: clusterCaPem,
        ...(certificatePem === undefined ? {} : { cert: certificatePem }),
        ...(privateKeyPem === undefined ? {} : { key: privateKeyPem.reveal() }),
        minVersion: 'TLSv1.2',
        checkServerIdentity: (host, certificate) => checkServer(host, certificate, this.#serverRole),
      },
    })
  }
}

function checkServer(host: string, certificate: PeerCertificate, role: ServiceRole): Error | undefined {
  const error = checkServerIdentity(host, certificate)
  if (error !== undefined || certificate.subject.OU === role) return error
  return new SallyportError('wrong-service', `the server's certificate is not of a service of role ${role}`)
}
