import type { CryptoSuite } from '@sallyport/openvpn-wire'

import { type AuthDigest, tlsAuthKeys, tlsAuthMode } from '../wrap/tls-auth.ts'
import { tlsCryptKeys, tlsCryptMode } from '../wrap/tls-crypt.ts'
import type { OpenedWrap, WrapMode } from '../wrap/wrap-mode.ts'

/** How many static keys are tried for one packet, so that a stranger's packet costs a bounded amount of work. */
export const MAX_STATIC_KEYS = 64

/** The key that all old clients of one tenant share, 256 bytes; nothing in a packet tells whose key wrapped it. */
export type StaticKey =
  | { readonly tenantId: string; readonly mode: 'tls-crypt'; readonly key: Uint8Array }
  | { readonly tenantId: string; readonly mode: 'tls-auth'; readonly digest: AuthDigest; readonly key: Uint8Array }

/** A packet and the static key that it proved to be wrapped with. */
export interface OpenedWithStaticKey {
  readonly staticKey: StaticKey
  readonly opened: OpenedWrap
}

/** The server's side of a static key's wrapping, for this key or a copy of it. */
export function staticKeyMode(suite: CryptoSuite, staticKey: StaticKey, key: Uint8Array = staticKey.key): WrapMode {
  return staticKey.mode === 'tls-auth'
    ? tlsAuthMode(suite, tlsAuthKeys(key, staticKey.digest, 'server'))
    : tlsCryptMode(suite, tlsCryptKeys(key, 'server'))
}

/** Tries the static keys, at most `MAX_STATIC_KEYS` of them, until one proves to be that of the packet. */
export function openWithStaticKeys(
  suite: CryptoSuite,
  staticKeys: readonly StaticKey[],
  packet: Uint8Array,
): OpenedWithStaticKey | undefined {
  for (const staticKey of staticKeys.slice(0, MAX_STATIC_KEYS)) {
    const opened = staticKeyMode(suite, staticKey).open(packet)
    if (opened !== undefined) return { staticKey, opened }
  }
  return undefined
}
