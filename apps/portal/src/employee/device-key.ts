import { lazyPart } from '../api/lazy-part.ts'

/** A device's key pair; the private key leaves this machine in no request. */
export interface DeviceKey {
  /** PKCS #10 (RFC 2986), PEM. */
  readonly csr: string
  /** PKCS #8 (RFC 5958), PEM. */
  readonly privateKeyPem: string
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Whether this browser, at this address, can make keys: WebCrypto is there for https and for this very machine only. */
export function canMakeKeys(scope: { readonly crypto?: { readonly subtle?: unknown } } = globalThis): boolean {
  return scope.crypto?.subtle !== undefined
}

/** Makes a key pair, and the request for its certificate; of the request the service takes the key alone. */
export async function makeDeviceKey(crypto: Crypto = globalThis.crypto): Promise<DeviceKey> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  await lazyPart(() => import('reflect-metadata'))
  const { PemConverter, Pkcs10CertificateRequestGenerator } = await lazyPart(() => import('@peculiar/x509'))
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=sallyport-device', keys, signingAlgorithm: SIGNATURE },
    crypto,
  )
  const privateKey = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { csr: request.toString('pem'), privateKeyPem: PemConverter.encode(privateKey, 'PRIVATE KEY') }
}
