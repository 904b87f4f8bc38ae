import { randomUUID } from 'node:crypto'

import { parseCertificateRequest } from '@sallyport/certificate-authority'
import { type ClusterCredentials, createKeyAndRequest } from '@sallyport/cluster-identity'
import type { Clock, Secret } from '@sallyport/foundation'

import type { ClusterSecrets } from './cluster-secrets.ts'

const CERTIFICATE_SECONDS = 7 * 24 * 3600
const RENEW_AFTER_MS = 24 * 3600 * 1000

interface IssuedIdentity {
  readonly certificatePem: string
  readonly privateKeyPem: Secret<string>
  readonly sinceMs: number
}

/** The certificate that auth-service issues to itself: server of the node-api, client of the allocator. */
export class OwnIdentity {
  readonly #secrets: ClusterSecrets
  readonly #hosts: readonly string[]
  readonly #clock: Clock
  readonly #serviceId: string
  #current: IssuedIdentity

  private constructor(
    secrets: ClusterSecrets,
    hosts: readonly string[],
    clock: Clock,
    serviceId: string,
    current: IssuedIdentity,
  ) {
    this.#secrets = secrets
    this.#serviceId = serviceId
    this.#hosts = hosts
    this.#clock = clock
    this.#current = current
  }

  /** Issues the first certificate, for these host names and addresses. */
  static async create(secrets: ClusterSecrets, hosts: readonly string[], clock: Clock): Promise<OwnIdentity> {
    const serviceId = randomUUID()
    const first = await issue(secrets, serviceId, hosts, clock)
    return new OwnIdentity(secrets, hosts, clock, serviceId, first)
  }

  /** What to show and whom to believe; its properties give the certificate of the moment. */
  get credentials(): ClusterCredentials {
    const current = (): IssuedIdentity => this.#current
    const clusterCaPem = this.#secrets.clusterCaPem
    return {
      get certificatePem() {
        return current().certificatePem
      },
      get privateKeyPem() {
        return current().privateKeyPem
      },
      clusterCaPem,
    }
  }

  /** Issues a new certificate when the present one is a day old; tells whether it did. */
  async renewWhenDue(): Promise<boolean> {
    if (this.#clock.now() - this.#current.sinceMs < RENEW_AFTER_MS) return false
    this.#current = await issue(this.#secrets, this.#serviceId, this.#hosts, this.#clock)
    return true
  }
}

async function issue(
  secrets: ClusterSecrets,
  serviceId: string,
  hosts: readonly string[],
  clock: Clock,
): Promise<IssuedIdentity> {
  const { privateKeyPem, csrPem } = await createKeyAndRequest(serviceId, hosts)
  const request = await parseCertificateRequest(csrPem)
  if (request.result === 'refused') throw new Error(request.message)
  const nowMs = clock.now()
  const { certificatePem } = await secrets.issuer.issue({
    publicKey: request.publicKey,
    subject: { profile: 'cluster-service', serviceId, role: 'auth-service', hosts },
    nowMs,
    lifetimeSeconds: CERTIFICATE_SECONDS,
  })
  return { certificatePem, privateKeyPem, sinceMs: nowMs }
}
