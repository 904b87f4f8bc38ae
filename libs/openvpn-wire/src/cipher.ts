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
  const client = clientCiphers(peerInfo, clientOptionsCipher)
  return preference.find((cipher) => client.has(cipher))
}

function clientCiphers(peerInfo: PeerInfo, clientOptionsCipher: string | undefined): ReadonlySet<string> {
  const listed = peerInfo.get('IV_CIPHERS')
  if (listed !== undefined) return new Set(listed.toUpperCase().split(':'))
  const ciphers = new Set<string>()
  if (/^[2-9]$/.test(peerInfo.get('IV_NCP') ?? '')) ciphers.add('AES-256-GCM').add('AES-128-GCM')
  if (clientOptionsCipher !== undefined) ciphers.add(clientOptionsCipher.toUpperCase())
  return ciphers
}
