import { type CryptoSuite, OPCODE, type Opcode, type TlsCryptV2ClientKey } from '@sallyport/openvpn-wire'

import type { Transport } from '../remote-address.ts'
import { type AuthDigest, tlsAuthKeys, tlsAuthMode } from '../wrap/tls-auth.ts'
import { tlsCryptKeys, tlsCryptMode } from '../wrap/tls-crypt.ts'
import { CountedWrapping, type Wrapping } from '../wrap/wrapping.ts'
import type { ClientBehaviour } from './client-behaviour.ts'

/** The key that a profile has for the control channel; static keys have 256 bytes. */
export type ClientWrap =
  | { readonly mode: 'tls-crypt-v2'; readonly key: TlsCryptV2ClientKey }
  | { readonly mode: 'tls-crypt'; readonly key: Uint8Array }
  /** With `key-direction 1`. */
  | { readonly mode: 'tls-auth'; readonly digest: AuthDigest; readonly key: Uint8Array }

/** Clients that can send their wrapped key twice begin to count their packets after this number. */
const BEFORE_EARLY_NEGOTIATION = 0x0f000000

/** What a client session needs to know about its wrapping. */
export interface ClientWrapping {
  readonly wrapping: Wrapping
  readonly resetOpcode: Opcode
  /** 256 bytes that the key for renegotiations is mixed with. */
  readonly key: Uint8Array
  /** Empty without tls-crypt-v2. */
  readonly wrappedKey: Uint8Array
}

/** Makes the wrapping of a new client session. */
export function clientWrapping(
  suite: CryptoSuite,
  wrap: ClientWrap,
  { earlyNegotiation }: Pick<ClientBehaviour, 'earlyNegotiation'>,
  from: { readonly transport: Transport; readonly timeSeconds: number },
): ClientWrapping {
  const { transport, timeSeconds } = from
  if (wrap.mode === 'tls-crypt-v2') {
    const { key, wrappedKey } = wrap.key
    const last = { id: earlyNegotiation ? BEFORE_EARLY_NEGOTIATION : 0, timeSeconds }
    const wrapping = new CountedWrapping(tlsCryptMode(suite, tlsCryptKeys(key, 'client')), last, transport)
    return { wrapping, resetOpcode: OPCODE.hardResetClientV3, key, wrappedKey }
  }
  const { key } = wrap
  const mode =
    wrap.mode === 'tls-crypt'
      ? tlsCryptMode(suite, tlsCryptKeys(key, 'client'))
      : tlsAuthMode(suite, tlsAuthKeys(key, wrap.digest, 'client'))
  const wrapping = new CountedWrapping(mode, { id: 0, timeSeconds }, transport)
  return { wrapping, resetOpcode: OPCODE.hardResetClientV2, key, wrappedKey: new Uint8Array(0) }
}
