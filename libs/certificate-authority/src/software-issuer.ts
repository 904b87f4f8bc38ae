import 'reflect-metadata'

import { createHash, createPrivateKey, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { SallyportError } from '@sallyport/foundation'

import { AUTHORITY_KEY, AUTHORITY_SIGNATURE, BACKDATE_MS } from './authority.ts'
import type { CertificateOrder, IssuedCertificate, Issuer } from './issuer.ts'
import { contentOfProfile } from './profile.ts'
import { type RevocationListOrder, signRevocationList } from './revocation-list.ts'
import { randomSerialNumber } from './serial-number.ts'

/** Signs with a key in this process; the key cannot be read out of the issuer again. */
export class SoftwareIssuer implements Issuer {
  readonly certificatePem: string
  readonly #certificate: X509Certificate
  readonly #key: webcrypto.CryptoKey

  private constructor(certificatePem: string, key: webcrypto.CryptoKey) {
    this.certificatePem = certificatePem
    this.#certificate = new X509Certificate(certificatePem)
    this.#key = key
  }

  /** Takes an authority's certificate and PKCS #8 key; throws `authority-key-mismatch` when they do not belong together. */
  static async load(certificatePem: string, privateKeyPkcs8: Uint8Array): Promise<SoftwareIssuer> {
    const der = Buffer.from(privateKeyPkcs8)
    if (
      !new NodeCertificate(certificatePem).checkPrivateKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    ) {
      throw new SallyportError('authority-key-mismatch', "an authority's key does not belong to its certificate")
    }
    return new SoftwareIssuer(
      certificatePem,
      await webcrypto.subtle.importKey('pkcs8', der, AUTHORITY_KEY, false, ['sign']),
    )
  }

  async issue(order: CertificateOrder): Promise<IssuedCertificate> {
    const notAfter = new Date(
      Math.min(order.nowMs + order.lifetimeSeconds * 1000, this.#certificate.notAfter.getTime()),
    )
    if (notAfter.getTime() <= order.nowMs) {
      throw new SallyportError('authority-expired', `the authority ${this.#certificate.subject} has expired`)
    }
    const serial = randomSerialNumber()
    const content = contentOfProfile(order.subject, order.publicKey.type === 'rsa')
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial,
      issuer: this.#certificate.subjectName,
      subject: content.name,
      notBefore: new Date(order.nowMs - BACKDATE_MS),
      notAfter,
      publicKey: order.publicKey.spki,
      signingKey: this.#key,
      signingAlgorithm: AUTHORITY_SIGNATURE,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        ...content.extensions,
        await SubjectKeyIdentifierExtension.create(order.publicKey.spki),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    })
    return {
      certificatePem: `${certificate.toString('pem').trim()}\n`,
      serial,
      sha256: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    }
  }

  revocationList(order: RevocationListOrder): Promise<Uint8Array<ArrayBuffer>> {
    return signRevocationList(this.#certificate, this.#key, order)
  }
}
