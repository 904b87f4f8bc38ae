import {
  type DataCipherName,
  hasIvProto,
  IV_PROTO,
  negotiateCipher,
  optionsStringCipher,
  type PeerInfo,
} from '@sallyport/openvpn-wire'

import type { Refusal, SessionGrant } from '../actions.ts'

/** What both sides agreed on with the first key method 2; it holds for the whole session. */
export interface SessionTerms {
  readonly cipher: DataCipherName
  readonly keyDerivation: 'tls-exporter' | 'prf'
  /** Wrap the control packets of renegotiations with a key of the first TLS session. */
  readonly dynamicTlsCrypt: boolean
  /** The client says EXIT on the control channel, and understands `protocol-flags`. */
  readonly exitNotify: boolean
  /** The client takes its options without asking. */
  readonly pushUnasked: boolean
  readonly acceptsTunMtu: boolean
  readonly understandsTemporaryFailure: boolean
}

/** Agreed terms, or the refusal of a client with which no session is possible. */
export type Negotiation =
  { readonly type: 'agreed'; readonly terms: SessionTerms } | { readonly type: 'refused'; readonly refusal: Refusal }

/** Settles the terms from what the client announced, and grants nothing that it did not announce. */
export function negotiateTerms(peerInfo: PeerInfo, clientOptions: string): Negotiation {
  const has = (bit: Parameters<typeof hasIvProto>[1]): boolean => hasIvProto(peerInfo, bit)
  if (has(IV_PROTO.peerToPeer)) return refused('not-pulling', 'The profile must contain the option client')
  if (!has(IV_PROTO.dataV2)) return refused('no-data-v2', 'This OpenVPN client is too old')
  const cipher = negotiateCipher(peerInfo, optionsStringCipher(clientOptions))
  if (cipher === undefined) {
    return refused('no-shared-cipher', 'Data channel cipher negotiation failed (no shared cipher)')
  }
  const terms: SessionTerms = {
    cipher,
    keyDerivation: has(IV_PROTO.tlsKeyExport) ? 'tls-exporter' : 'prf',
    dynamicTlsCrypt: has(IV_PROTO.exitNotify) && has(IV_PROTO.dynamicTlsCrypt),
    exitNotify: has(IV_PROTO.exitNotify),
    pushUnasked: has(IV_PROTO.requestPush),
    acceptsTunMtu: peerInfo.has('IV_MTU'),
    understandsTemporaryFailure: has(IV_PROTO.authFailTemporary),
  }
  return { type: 'agreed', terms }
}

/** Lists every option to push: those of the grant, then what the terms add, in the order that clients know. */
export function pushedOptions(grant: SessionGrant, terms: SessionTerms): readonly string[] {
  const options = [...grant.pushOptions, `peer-id ${String(grant.peerId)}`]
  if (grant.authToken !== undefined) options.push(`auth-token ${grant.authToken}`)
  options.push(`cipher ${terms.cipher}`)
  if (terms.exitNotify) options.push(`protocol-flags ${protocolFlags(terms).join(' ')}`)
  else if (terms.keyDerivation === 'tls-exporter') options.push('key-derivation tls-ekm')
  if (terms.acceptsTunMtu) options.push(`tun-mtu ${String(grant.tunMtu)}`)
  return options
}

/** Only flags that the client announced: openvpn3 gives up on a flag that it does not know. */
function protocolFlags(terms: SessionTerms): readonly string[] {
  const flags = ['cc-exit']
  if (terms.keyDerivation === 'tls-exporter') flags.push('tls-ekm')
  if (terms.dynamicTlsCrypt) flags.push('dyn-tls-crypt')
  return flags
}

function refused(code: string, message: string): Negotiation {
  return { type: 'refused', refusal: { code, message } }
}
