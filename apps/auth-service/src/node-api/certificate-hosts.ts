import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'

/** Reads the host names and addresses of the certificate that a client showed: a renewal keeps them. */
export function certificateHosts(socket: Socket): string[] {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return certificate === undefined ? [] : hostsOf(certificate)
}

/** Reads `DNS:` and `IP Address:` entries of a certificate's subject alternative name. */
export function hostsOf(certificate: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? []
  return entries.flatMap((entry) => /^(?:DNS|IP Address):([A-Za-z0-9.:-]+)$/.exec(entry)?.[1] ?? [])
}
