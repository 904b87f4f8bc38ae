import 'reflect-metadata'

import { isIP } from 'node:net'

import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'

/**
 * What a certificate is for, with the names that it may carry. Nothing else of a request gets into a certificate: the
 * subject and the extensions of a CSR are ignored.
 */
export type CertificateSubject =
  /** A user's VPN client; the common name is the device's id. */
  | { readonly profile: 'vpn-device'; readonly deviceId: string }
  /** A node's TLS server towards the clients of one tenant. */
  | { readonly profile: 'vpn-server'; readonly serverName: string }
  /** A service of the cluster, client and server at once; `hosts` are DNS names and IP addresses. */
  | {
      readonly profile: 'cluster-service'
      readonly serviceId: string
      readonly role: string
      readonly hosts: readonly string[]
    }

/** The parts of a certificate that follow from its profile. */
export interface ProfileContent {
  readonly name: JsonName
  readonly extensions: Extension[]
}

/** Writes down what a certificate of this profile contains; RFC 5280 §4.2.1.3 and §4.2.1.12 give the usages. */
export function contentOfProfile(subject: CertificateSubject, isRsaKey: boolean): ProfileContent {
  switch (subject.profile) {
    case 'vpn-device':
      return {
        name: [{ CN: [subject.deviceId] }],
        extensions: [keyUsage(false), new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      }
    case 'vpn-server':
      return {
        name: [{ CN: [subject.serverName] }],
        extensions: [
          keyUsage(isRsaKey),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          alternativeNames([subject.serverName]),
        ],
      }
    case 'cluster-service':
      return {
        name: [{ OU: [subject.role] }, { CN: [subject.serviceId] }],
        extensions: [
          keyUsage(isRsaKey),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          ...(subject.hosts.length === 0 ? [] : [alternativeNames(subject.hosts)]),
        ],
      }
  }
}

/** RSA keys of servers may also encipher, for the key exchange of TLS 1.2 that has no signature. */
function keyUsage(mayEncipherKeys: boolean): Extension {
  return mayEncipherKeys
    ? new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true)
    : new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)
}

function alternativeNames(hosts: readonly string[]): Extension {
  return new SubjectAlternativeNameExtension(
    hosts.map((value) => (isIP(value) === 0 ? { type: 'dns', value } : { type: 'ip', value })),
  )
}
