import { Buffer } from 'node:buffer'

import {
  DATA_CIPHERS,
  type DataCipherName,
  expectsCompression,
  negotiateCipher,
  offeredCiphers,
  optionsStringCipher,
  type PeerInfo,
} from '@sallyport/openvpn-wire'

import type { DataFraming, DataKeys, Refusal, SessionGrant } from '../actions.ts'
import { type ClientAbilities, readAbilities } from '../client-abilities.ts'
import { configurationOptions } from '../push/options.ts'
import type { Transport } from '../remote-address.ts'

/** What both sides agreed on with the first key method 2; it holds for the whole session. */
export interface SessionTerms {
  readonly abilities: ClientAbilities
  readonly cipher: DataCipherName
  readonly keyDerivation: 'tls-exporter' | 'prf'
  readonly dataFormat: DataKeys['format']
  /** Wrap the control packets of renegotiations with a key of the first TLS session. */
  readonly dynamicTlsCrypt: boolean
  readonly framing: DataFraming
  /** What a client must be told whose profile has compression; `undefined` when nothing. */
  readonly compressionOption: string | undefined
}

/** Agreed terms, or the refusal of a client with which no session is possible. */
export type Negotiation =
  { readonly type: 'agreed'; readonly terms: SessionTerms } | { readonly type: 'refused'; readonly refusal: Refusal }

const CIPHER_NAME = /^[A-Z0-9-]{1,32}$/
const MAX_NAMED_CIPHERS = 4

/** Settles the terms from what the client announced, and grants nothing that it did not announce. */
export function negotiateTerms(peerInfo: PeerInfo, clientOptions: string): Negotiation {
  const abilities = readAbilities(peerInfo)
  if (abilities.peerToPeer) return refused('not-pulling', 'The profile must contain the option client')
  if (!abilities.dataV2) return refused('no-data-v2', 'This OpenVPN client is too old: version 2.4 or later is needed')
  const optionsCipher = optionsStringCipher(clientOptions)
  const cipher = negotiateCipher(peerInfo, optionsCipher)
  if (cipher === undefined) {
    return refused('no-shared-cipher', noSharedCipher(offeredCiphers(peerInfo, optionsCipher)))
  }
  const { protocolFlags, dynamicTlsCrypt, dataEpoch, tlsKeyExport } = abilities
  const terms: SessionTerms = {
    abilities,
    cipher,
    keyDerivation: tlsKeyExport ? 'tls-exporter' : 'prf',
    // Every cipher of ours is an AEAD and every peer has a peer-id, as this format requires.
    dataFormat: protocolFlags && dataEpoch ? 'epoch' : 'classic',
    dynamicTlsCrypt: protocolFlags && dynamicTlsCrypt,
    ...compressionTerms(clientOptions, abilities),
  }
  return { type: 'agreed', terms }
}

/**
 * Lists every option to push: those of the configuration, then what the terms add, in the order that clients know.
 * `username` is what the client calls itself.
 */
export function pushedOptions(
  grant: SessionGrant,
  terms: SessionTerms,
  username: string,
  transport: Transport,
): readonly string[] {
  const { abilities } = terms
  const options = [
    ...configurationOptions(grant.configuration, abilities, transport),
    `peer-id ${String(grant.peerId)}`,
    ...tokenOptions(grant, abilities, username),
    `cipher ${terms.cipher}`,
  ]
  if (abilities.protocolFlags) options.push(`protocol-flags ${flagsOf(terms).join(' ')}`)
  else if (terms.keyDerivation === 'tls-exporter') options.push('key-derivation tls-ekm')
  return terms.compressionOption === undefined ? options : [...options, terms.compressionOption]
}

function tokenOptions(
  { authToken, authTokenUsername }: SessionGrant,
  { family }: ClientAbilities,
  username: string,
): readonly string[] {
  if (authToken === undefined) return []
  const token = `auth-token ${authToken}`
  if (authTokenUsername === undefined || authTokenUsername === username || !family.authTokenUser) return [token]
  return [token, `auth-token-user ${Buffer.from(authTokenUsername, 'utf8').toString('base64')}`]
}

/** Only flags that the client announced: openvpn3 gives up on a flag that it does not know. */
function flagsOf(terms: SessionTerms): readonly string[] {
  const flags = ['cc-exit']
  if (terms.keyDerivation === 'tls-exporter') flags.push('tls-ekm')
  if (terms.dynamicTlsCrypt) flags.push('dyn-tls-crypt')
  if (terms.dataFormat === 'epoch') flags.push('aead-epoch')
  return flags
}

/** A profile with compression expects its framing; nothing is ever compressed, so the client is told the emptiest one. */
function compressionTerms(
  clientOptions: string,
  { compressionStub, family }: ClientAbilities,
): Pick<SessionTerms, 'framing' | 'compressionOption'> {
  if (!expectsCompression(clientOptions)) return { framing: 'none', compressionOption: undefined }
  switch (compressionStub) {
    case 'stub-v2':
      // Its framing adds nothing before a packet that begins like IPv4 or IPv6.
      return { framing: 'none', compressionOption: 'compress stub-v2' }
    case 'comp-lzo':
      return { framing: 'lzo-byte', compressionOption: 'comp-lzo no' }
    case undefined:
      return { framing: family.unannouncedCompression, compressionOption: undefined }
  }
}

function noSharedCipher(offered: readonly string[]): string {
  const named = offered.filter((name) => CIPHER_NAME.test(name)).slice(0, MAX_NAMED_CIPHERS)
  const has = named.length === 0 ? 'names no cipher' : `offers only ${named.join(' or ')}`
  return `Data channel cipher negotiation failed: the client ${has} and needs ${DATA_CIPHERS.join(' or ')}`
}

function refused(code: string, message: string): Negotiation {
  return { type: 'refused', refusal: { code, message } }
}
