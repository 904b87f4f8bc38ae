import type { TLSSocket } from 'node:tls'

import { type ServiceRole, serviceRole, uuid } from '@sallyport/contracts'
import type { Secret } from '@sallyport/foundation'

/** What a service shows to others of the cluster, and whom it believes. Read at each use, so it may change over time. */
export interface ClusterCredentials {
  readonly certificatePem: string
  readonly privateKeyPem: Secret<string>
  readonly clusterCaPem: string
}

/** The part of Node's TLS server options that makes a cluster server; also for `server.setSecureContext`. */
export interface ServerTlsOptions {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly requestCert: true
  readonly rejectUnauthorized: boolean
  readonly minVersion: 'TLSv1.2'
}

/** A member of the cluster at the other end of a connection. */
export interface ClusterPeer {
  readonly serviceId: string
  readonly role: ServiceRole
}

/**
 * Gives the TLS options of a cluster server. With `clientCertificate: 'optional'` (enrolment is called without one) a
 * connection proves nothing by itself: every handler must ask `peerOf`.
 */
export function serverTls(
  credentials: ClusterCredentials,
  options: { clientCertificate: 'required' | 'optional' },
): ServerTlsOptions {
  return {
    key: credentials.privateKeyPem.reveal(),
    cert: credentials.certificatePem,
    ca: credentials.clusterCaPem,
    requestCert: true,
    rejectUnauthorized: options.clientCertificate === 'required',
    minVersion: 'TLSv1.2',
  }
}

/** Tells which service is at the other end; `undefined` unless its certificate was verified against the cluster CA. */
export function peerOf(socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'>): ClusterPeer | undefined {
  if (!socket.authorized) return undefined
  const { subject } = socket.getPeerCertificate()
  const serviceId = uuid.safeParse(subject.CN)
  const role = serviceRole.safeParse(subject.OU)
  return serviceId.success && role.success ? { serviceId: serviceId.data, role: role.data } : undefined
}
