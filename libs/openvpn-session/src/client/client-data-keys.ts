import type { DataCipherName } from '@sallyport/openvpn-wire'

import type { DataKeys } from '../actions.ts'
import { serverDataKeys } from '../keys/derive.ts'

/** Cuts the client's keys from a key block: the server's, with the directions exchanged. */
export function clientDataKeys(
  block: Uint8Array,
  terms: { readonly cipher: DataCipherName; readonly keyFormat: 'classic' | 'epoch' },
): DataKeys | undefined {
  const keys = serverDataKeys(block, terms.cipher, terms.keyFormat)
  if (keys === undefined) return undefined
  const turned = { ...keys, sealKey: keys.openKey, openKey: keys.sealKey }
  return turned.format === 'classic' ? { ...turned, sealIv: turned.openIv, openIv: turned.sealIv } : turned
}
