import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { errorCode } from '@sallyport/foundation'

import { TlsEngineError } from './tls-engine-error.ts'

/** Opaque: role, certificate, key and CAs inside OpenSSL. */
export type NativeContext = object

/** What the addon tells of the peer after the handshake. */
export interface NativeEstablished {
  readonly verifyError: string | undefined
  readonly certificateSha256: string
  readonly certificateSerial: string
  readonly commonName: string
  readonly dataKeys: Uint8Array
  readonly dynamicTlsCrypt: Uint8Array
}

/** Ciphertext, peer, records of plaintext, failure. */
export type NativeProgress = readonly [
  Uint8Array | undefined,
  NativeEstablished | undefined,
  readonly Uint8Array[] | undefined,
  string | undefined,
]

/** The addon's connection; it trusts the types of its arguments. After `stop` its methods give nothing. */
export interface NativeConnection {
  /** A client's first records; for a server nothing. */
  begin(): NativeProgress
  deliver(bytes: Uint8Array): NativeProgress
  /** Empty before the handshake is done. */
  send(plaintext: Uint8Array): Uint8Array
  stop(): void
}

/** The addon's symmetric primitives, which fill what they are given; digests by number: SHA-256, MD5, SHA-1. */
export interface NativePrimitives {
  hmac(digest: 0 | 1 | 2, key: Uint8Array, parts: readonly Uint8Array[], tag: Uint8Array): void
  aes256Ctr(key: Uint8Array, counterBlock: Uint8Array, text: Uint8Array, result: Uint8Array): void
}

/** The addon's classes, which throw `TlsEngineError`. */
export interface NativeTls {
  readonly Context: new (
    errorConstructor: typeof TlsEngineError,
    role: 'server' | 'client',
    certificatePem: string,
    privateKeyPem: string,
    peerCaPem: string,
  ) => NativeContext
  readonly Connection: new (context: NativeContext) => NativeConnection
  readonly Primitives: new (errorConstructor: typeof TlsEngineError) => NativePrimitives
}

// The same relative path from src/ and from dist/.
const ADDON_URL = new URL('../native/build/tls_engine.node', import.meta.url)

/** Loads the addon. Throws `TlsEngineError` `addon-not-built` or `addon-outdated`. */
export function loadNativeTls(addonUrl: URL = ADDON_URL): NativeTls {
  const path = fileURLToPath(addonUrl)
  let addon: unknown
  try {
    addon = createRequire(import.meta.url)(path)
  } catch (cause) {
    if (errorCode(cause) !== 'MODULE_NOT_FOUND') throw cause
    throw new TlsEngineError('addon-not-built', `${path} does not exist: build it with \`npm run build\``, { cause })
  }
  if (isNativeTls(addon)) return addon
  throw new TlsEngineError('addon-outdated', `${path} was built from other sources: build it with \`npm run build\``)
}

function isNativeTls(addon: unknown): addon is NativeTls {
  if (typeof addon !== 'object' || addon === null) return false
  const exported = new Map(Object.entries(addon))
  return ['Context', 'Connection', 'Primitives'].every((name) => typeof exported.get(name) === 'function')
}
