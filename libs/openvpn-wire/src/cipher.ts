import type { PeerInfo } from './peer-info.ts'

/** Data-channel ciphers in the order in which the server prefers them, spelt as OpenVPN spells them. */
export const DATA_CIPHERS = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'] as const
export type DataCipherName = (typeof DATA_CIPHERS)[number]

/** Length of the key of each cipher. */
export const CIPHER_KEY_BYTES: Readonly<Record<DataCipherName, number>> = {
  'AES-256-GCM': 32,
  'AES-128-GCM': 16,
  'CHACHA20-POLY1305': 32,
}

/**
 * Picks the first of the server's ciphers that the client has: by `IV_CIPHERS`; without that by `IV_NCP`, which from 2
 * on means the two GCM ciphers, and by the `cipher` of its options string. `undefined` when none is shared.
 */
export function negotiateCipher(
  peerInfo: PeerInfo,
  clientOptionsCipher: string | undefined,
  preference: readonly DataCipherName[] = DATA_CIPHERS,
): DataCipherName | undefined {
  const client = new Set(offeredCiphers(peerInfo, clientOptionsCipher))
  return preference.find((cipher) => client.has(cipher))
}

/**
 * Lists what the client has, in upper case and in its order. Its options string counts only without `IV_CIPHERS`, that
 * is for clients before 2.5; those before 2.4.10 have `IV_NCP` at most.
 */
export function offeredCiphers(peerInfo: PeerInfo, clientOptionsCipher: string | undefined): readonly string[] {
  const listed = peerInfo.get('IV_CIPHERS')
  if (listed !== undefined) return listed.toUpperCase().split(':')
  const negotiable = /^[2-9]$/.test(peerInfo.get('IV_NCP') ?? '') ? ['AES-256-GCM', 'AES-128-GCM'] : []
  return clientOptionsCipher === undefined ? negotiable : [...negotiable, clientOptionsCipher.toUpperCase()]
}
