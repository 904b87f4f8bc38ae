import 'reflect-metadata'

import { webcrypto } from 'node:crypto'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

import { randomSerialNumber } from './serial-number.ts'

/** The key of every authority of ours. */
export const AUTHORITY_KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
/** How an authority signs. */
export const AUTHORITY_SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
/** Certificates start this much earlier, because the clocks of those who check them differ from ours. */
export const BACKDATE_MS = 5 * 60_000
const DAY_MS = 24 * 60 * 60_000

/** A new certificate authority: the certificate is public, the key goes sealed into the database. */
export interface NewAuthority {
  readonly certificatePem: string
  /** DER PrivateKeyInfo (RFC 5208), to be sealed at once and then wiped by the caller. */
  readonly privateKeyPkcs8: Uint8Array
}

/** Makes a self-signed root that may sign end certificates and nothing below (path length 0). */
export async function createAuthority(input: {
  commonName: string
  nowMs: number
  lifetimeDays: number
}): Promise<NewAuthority> {
  const keys = await webcrypto.subtle.generateKey(AUTHORITY_KEY, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerialNumber(),
    name: [{ CN: [input.commonName] }],
    notBefore: new Date(input.nowMs - BACKDATE_MS),
    notAfter: new Date(input.nowMs + input.lifetimeDays * DAY_MS),
    signingAlgorithm: AUTHORITY_SIGNATURE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    certificatePem: `${certificate.toString('pem').trim()}\n`,
    privateKeyPkcs8: new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
  }
}
