import 'reflect-metadata'

import { createPublicKey, type KeyObject } from 'node:crypto'

import { Pkcs10CertificateRequest } from '@peculiar/x509'

const MAX_PEM_CHARACTERS = 8192
const PEM_PATTERN =
  /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\r\n]+([A-Za-z0-9+/=\r\n]+)-----END \1?CERTIFICATE REQUEST-----\s*$/
/** Length of the key's DER per curve: with the curve named (RFC 5480 §2.1.1) and the point not compressed. */
const SPKI_BYTES: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 91],
  ['secp384r1', 120],
])
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 4096
const MIN_RSA_EXPONENT = 65_537n

/** A public key whose owner proved that it holds the private one. */
export interface RequestedKey {
  readonly type: 'ec' | 'ed25519' | 'rsa'
  /** DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
  readonly spki: Uint8Array<ArrayBuffer>
}

/** Why a certificate signing request is not answered with a certificate. */
export type RequestRefusal = 'too-long' | 'not-a-request' | 'key-not-allowed' | 'bad-signature'

/** A request's key, or the reason for the refusal with a sentence for the person who sent it. */
export type CertificateRequestResult =
  | { readonly result: 'accepted'; readonly publicKey: RequestedKey }
  | { readonly result: 'refused'; readonly reason: RequestRefusal; readonly message: string }

const MESSAGES: Readonly<Record<RequestRefusal, string>> = {
  'too-long': `The certificate signing request is longer than ${String(MAX_PEM_CHARACTERS)} characters.`,
  'not-a-request': 'This is not a PEM certificate signing request (BEGIN CERTIFICATE REQUEST).',
  'key-not-allowed': `The key must be EC P-256 or P-384, Ed25519, or RSA of ${String(MIN_RSA_BITS)} to ${String(MAX_RSA_BITS)} bits.`,
  'bad-signature': 'The certificate signing request is not signed with its own key.',
}

/**
 * Reads a PKCS #10 request (RFC 2986) from somebody who is not trusted. Only the key is taken from it; subject and
 * attributes are ignored. The key is judged before the signature is verified, so that a huge key costs nothing.
 */
export async function parseCertificateRequest(pem: string): Promise<CertificateRequestResult> {
  if (pem.length > MAX_PEM_CHARACTERS) return refuse('too-long')
  const request = parse(pem)
  if (request === undefined) return refuse('not-a-request')
  const publicKey = allowedKey(request)
  if (publicKey === undefined) return refuse('key-not-allowed')
  if (!(await isSelfSigned(request))) return refuse('bad-signature')
  return { result: 'accepted', publicKey }
}

function parse(pem: string): Pkcs10CertificateRequest | undefined {
  const body = PEM_PATTERN.exec(pem)?.[2]
  if (body === undefined) return undefined
  try {
    return new Pkcs10CertificateRequest(Buffer.from(body, 'base64'))
  } catch {
    return undefined
  }
}

function allowedKey(request: Pkcs10CertificateRequest): RequestedKey | undefined {
  try {
    const spki = new Uint8Array(request.publicKey.rawData)
    const type = allowedType(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }), spki.length)
    return type === undefined ? undefined : { type, spki }
  } catch {
    return undefined
  }
}

function allowedType(key: KeyObject, spkiBytes: number): RequestedKey['type'] | undefined {
  const { namedCurve = '', modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  const type = key.asymmetricKeyType
  if (type === 'ec') return SPKI_BYTES.get(namedCurve) === spkiBytes ? 'ec' : undefined
  if (type === 'ed25519') return 'ed25519'
  if (type !== 'rsa' || publicExponent < MIN_RSA_EXPONENT) return undefined
  return modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS ? 'rsa' : undefined
}

async function isSelfSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify()
  } catch {
    return false
  }
}

function refuse(reason: RequestRefusal): CertificateRequestResult {
  return { result: 'refused', reason, message: MESSAGES[reason] }
}
