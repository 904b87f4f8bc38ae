import 'reflect-metadata'

import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** A certificate and its key, for one test. */
export interface IssuedPair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** What a throw-away certificate says. */
export interface ThrowawaySubject {
  readonly commonName: string
  readonly organizationalUnit?: string
  readonly hosts?: readonly string[]
  readonly usages?: readonly ('client' | 'server')[]
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
}

/** A certificate authority that lives as long as a test and issues whatever it is asked for, bad certificates included. */
export class ThrowawayCa {
  readonly certificatePem: string
  readonly #certificate: X509Certificate
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate
    this.#keys = keys
    this.certificatePem = pem(certificate)
  }

  static async create(commonName = 'throw-away CA'): Promise<ThrowawayCa> {
    const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...validity({ commonName }),
      name: [{ CN: [commonName] }],
      keys,
      signingAlgorithm: SIGNATURE,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    })
    return new ThrowawayCa(certificate, keys)
  }

  async issue(subject: ThrowawaySubject): Promise<IssuedPair> {
    const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
    const privateKeyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
    return { certificatePem: await this.#certify(keys.publicKey, subject), privateKeyPem }
  }

  /** Certifies the key of a PEM certificate signing request, whatever else the request says. */
  sign(csrPem: string, subject: ThrowawaySubject): Promise<string> {
    return this.#certify(new Pkcs10CertificateRequest(csrPem).publicKey, subject)
  }

  async #certify(publicKey: webcrypto.CryptoKey | PublicKey, subject: ThrowawaySubject): Promise<string> {
    const { commonName, organizationalUnit, hosts = [], usages = ['client', 'server'] } = subject
    const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
    const certificate = await X509CertificateGenerator.create({
      ...validity(subject),
      subject: [{ CN: [commonName] }, ...(organizationalUnit === undefined ? [] : [{ OU: [organizationalUnit] }])],
      issuer: this.#certificate.subjectName,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new ExtendedKeyUsageExtension(usages.map((usage) => ExtendedKeyUsage[`${usage}Auth`])),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ],
    })
    return pem(certificate)
  }
}

function validity({ notBeforeMs, notAfterMs }: ThrowawaySubject): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now()
  return { notBefore: new Date(notBeforeMs ?? nowMs - DAY_MS), notAfter: new Date(notAfterMs ?? nowMs + DAY_MS) }
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
