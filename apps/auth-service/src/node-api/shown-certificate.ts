import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** What a renewal keeps of the certificate that the caller showed. */
export interface ShownCertificate {
  /** Hex, as OpenSSL writes it. */
  readonly serial: string
  readonly hosts: readonly string[]
}

/** Reads the certificate that a client showed; `undefined` when it showed none. */
export function shownCertificate(socket: Socket): ShownCertificate | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return certificate && { serial: certificate.serialNumber, hosts: hostsOf(certificate) }
}

/** Reads `DNS:` and `IP Address:` entries of a certificate's subject alternative name. */
export function hostsOf(certificate: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? []
  return entries.flatMap((entry) => /^(?:DNS|IP Address):([A-Za-z0-9.:-]+)$/.exec(entry)?.[1] ?? [])
}
