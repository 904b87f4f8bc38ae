import { X509Certificate } from 'node:crypto'

import {
  type EnrolResponse,
  enrolResponse,
  NODE_API_VERSION,
  type RenewIdentityRequest,
  type ServiceRole,
} from '@sallyport/contracts'
import { SallyportError, Secret } from '@sallyport/foundation'

import { ApiClient } from './api-client.ts'
import { createKeyAndRequest } from './certificate-signing-request.ts'
import { assertConsistent, type IdentityStore, type StoredIdentity } from './identity-store.ts'
import type { ClusterCredentials } from './server-tls.ts'

/** A certificate is renewed when less than this share of its life remains. */
const RENEW_BELOW = 1 / 3

/** What only a vpn-node gets, decoded. */
export interface NodeKeys {
  /** Upper 8 bits of every peer-id of this node. */
  readonly nodeSlot: number
  /** 128 bytes: the cluster's tls-crypt-v2 server key. */
  readonly tlsCryptV2ServerKey: Secret<Uint8Array>
  /** 32 bytes: the cluster's key for stateless cookies. */
}

/**
 * A service's membership of the cluster. Its properties change when it is renewed, so read them when they are needed;
 * an `ApiClient` made with it follows by itself, a server needs `setSecureContext(serverTls(identity, …))`.
 */
export class ClusterIdentity implements ClusterCredentials {
  readonly #store: IdentityStore
  readonly #authServiceUrl: string
  #current: StoredIdentity
  #certificate: X509Certificate

  /** Takes an identity that was checked by `assertConsistent`. */
  constructor(store: IdentityStore, authServiceUrl: string, stored: StoredIdentity) {
    this.#store = store
    this.#authServiceUrl = authServiceUrl
    this.#current = stored
    this.#certificate = new X509Certificate(stored.enrolment.certificate)
  }

  get serviceId(): string {
    return this.#current.enrolment.serviceId
  }

  get role(): ServiceRole {
    return this.#current.enrolment.role
  }

  get certificatePem(): string {
    return this.#current.enrolment.certificate
  }

  get privateKeyPem(): Secret<string> {
    return this.#current.privateKeyPem
  }

  get clusterCaPem(): string {
    return this.#current.enrolment.clusterCa
  }

  /** Where leases are made; empty unless the role is vpn-node. */
  get allocatorUrl(): string {
    return this.#current.enrolment.allocatorUrl
  }

  /** `undefined` unless the role is vpn-node. */
  get nodeSecrets(): NodeKeys | undefined {
    const { nodeSecrets } = this.#current.enrolment
    if (nodeSecrets === undefined) return undefined
    return {
      nodeSlot: nodeSecrets.nodeSlot,
      tlsCryptV2ServerKey: secretBytes(nodeSecrets.tlsCryptV2ServerKey),
    }
  }

  /** When the certificate ends, in milliseconds since the epoch. */
  get notAfterMs(): number {
    return this.#certificate.validToDate.getTime()
  }

  /** Says whether less than a third of the certificate's life remains. */
  isRenewalDue(nowMs: number): boolean {
    const lifetimeMs = this.notAfterMs - this.#certificate.validFromDate.getTime()
    return this.notAfterMs - nowMs < lifetimeMs * RENEW_BELOW
  }

  /**
   * Gets a new certificate for a new key when it is time, stores it and then uses it; says whether it did. Fails like
   * `ApiClient`; the old identity stays in use then, and the next call tries again. Not to be called twice at once.
   */
  async renewIfDue(nowMs: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.isRenewalDue(nowMs)) return false
    const { privateKeyPem, csrPem } = await createKeyAndRequest(this.serviceId)
    await using client = new ApiClient({ baseUrl: this.#authServiceUrl, serverRole: 'auth-service', credentials: this })
    const body: RenewIdentityRequest = { version: NODE_API_VERSION, csr: csrPem }
    const path = '/node-api/v1/renew-identity'
    const enrolment = await client.call({ method: 'POST', path, body, response: enrolResponse, signal })
    const renewed = { privateKeyPem, enrolment }
    this.#assertSameService(enrolment)
    assertConsistent(renewed)
    await this.#store.write(renewed)
    this.#current = renewed
    this.#certificate = new X509Certificate(enrolment.certificate)
    return true
  }

  #assertSameService(renewed: EnrolResponse): void {
    if (renewed.serviceId === this.serviceId && renewed.role === this.role) return
    throw new SallyportError('identity-mismatch', "the renewed identity is another service's")
  }
}

function secretBytes(base64: string): Secret<Uint8Array> {
  return new Secret(new Uint8Array(Buffer.from(base64, 'base64')))
}
