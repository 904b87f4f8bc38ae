import 'reflect-metadata'

import { KeyObject, webcrypto } from 'node:crypto'

import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const DAY_MS = 86_400_000

/** Who vouches for a throw-away authenticator. */
export interface Attester {
  /** DER. */
  readonly certificate: Uint8Array
  readonly key: KeyObject
}

/** Makes the certificate of an authenticator's maker, as WebAuthn §8.2.1 wants it. */
export async function throwawayAttester(): Promise<Attester> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'C=DE, O=Throw-away, OU=Authenticator Attestation, CN=throw-away attester',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    extensions: [new BasicConstraintsExtension(false, undefined, true)],
  })
  return { certificate: new Uint8Array(certificate.rawData), key: KeyObject.from(keys.privateKey) }
}
