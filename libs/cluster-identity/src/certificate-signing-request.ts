import 'reflect-metadata'

import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { Secret } from '@sallyport/foundation'

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

/** A fresh key with the request (RFC 2986) for its certificate; the key never leaves the process that made it. */
export interface KeyAndRequest {
  readonly privateKeyPem: Secret<string>
  readonly csrPem: string
}

/**
 * Makes an EC P-256 key and its signing request. `hosts` (DNS names and IP addresses) become its subject alternative
 * names; what the certificate really contains is up to the authority.
 */
export async function createKeyAndRequest(commonName: string, hosts: readonly string[] = []): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const names = hosts.map((value) =>
    isIP(value) === 0 ? { type: 'dns' as const, value } : { type: 'ip' as const, value },
  )
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { privateKeyPem: new Secret(pkcs8ToPem(pkcs8)), csrPem: `${request.toString('pem').trim()}\n` }
}

function pkcs8ToPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}
