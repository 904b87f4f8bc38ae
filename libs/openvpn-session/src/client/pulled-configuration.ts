import { Buffer } from 'node:buffer'

import {
  DATA_CIPHERS,
  type DataCipherName,
  optionKind,
  optionsStringCipher,
  PUSH_UPDATE_KINDS,
} from '@sallyport/openvpn-wire'

import type { ProtocolErrorCode } from './client-actions.ts'

/** What a push reply settled. It holds for the whole connection, but for what PUSH_UPDATE changes. */
export interface PulledConfiguration {
  /** Every option as it was pushed, in order, the session token left out. */
  readonly options: readonly string[]
  /** `undefined` when none was pushed: data packets then have the one-byte head. */
  readonly peerId: number | undefined
  readonly cipher: DataCipherName
  readonly keyFormat: 'classic' | 'epoch'
  readonly keyDerivation: 'tls-exporter' | 'prf'
  readonly dynamicTlsCrypt: boolean
  /** The server understands EXIT on the control channel. */
  readonly exitNotify: boolean
  readonly framing: 'none' | 'lzo-byte'
}

const FLAGS = ['cc-exit', 'tls-ekm', 'dyn-tls-crypt', 'aead-epoch']

/** Reads a complete push reply; a code when this client cannot go on with it. `offered` is its own options string. */
export function pullConfiguration(
  pushed: readonly string[],
  offered: string,
  strictFlags: boolean,
): PulledConfiguration | ProtocolErrorCode {
  const valueOf = (name: string): string | undefined => optionValue(pushed, name)
  const flags = valueOf('protocol-flags')?.split(' ') ?? []
  if (strictFlags && flags.some((flag) => !FLAGS.includes(flag))) return 'unknown-protocol-flag'
  const cipherName = valueOf('cipher') ?? optionsStringCipher(offered)
  const cipher = DATA_CIPHERS.find((known) => known === cipherName)
  if (cipher === undefined) return 'no-usable-cipher'
  const usesExporter = flags.includes('tls-ekm') || valueOf('key-derivation') === 'tls-ekm'
  const peerId = valueOf('peer-id')
  return {
    options: pushed.filter((option) => !isTokenOption(option)),
    peerId: peerId === undefined ? undefined : Number(peerId),
    cipher,
    keyFormat: flags.includes('aead-epoch') ? 'epoch' : 'classic',
    keyDerivation: usesExporter ? 'tls-exporter' : 'prf',
    dynamicTlsCrypt: flags.includes('dyn-tls-crypt'),
    exitNotify: flags.includes('cc-exit'),
    framing: pushed.some((option) => /^comp-lzo( |$)/.test(option)) ? 'lzo-byte' : 'none',
  }
}

/** Reads the session token of a push reply, and the name that goes with it. */
export function pulledToken(
  pushed: readonly string[],
): { readonly token: string; readonly username: string | undefined } | undefined {
  const token = optionValue(pushed, 'auth-token')
  const username = optionValue(pushed, 'auth-token-user')
  return token === undefined ? undefined : { token, username: username && Buffer.from(username, 'base64').toString() }
}

function optionValue(options: readonly string[], name: string): string | undefined {
  return options.findLast((option) => option.startsWith(`${name} `))?.slice(name.length + 1)
}

function isTokenOption(option: string): boolean {
  return option.startsWith('auth-token ') || option.startsWith('auth-token-user ')
}

const MORE_FOLLOW = 'push-continuation 2'
/** Applies the messages of updates: in each sequence the first option of a kind replaces all earlier ones of that kind. */
export class UpdatedOptions {
  #options: readonly string[]
  readonly #cleared = new Set<string>()

  constructor(options: readonly string[]) {
    this.#options = options
  }

  /** Takes one message; gives all options after the last of a sequence, `undefined` before, `refused` when impossible. */
  apply(message: readonly string[]): readonly string[] | 'refused' | undefined {
    for (const item of message) {
      const [, removes, optional, option = ''] = /^ ?(-?)(\??)(.*)$/.exec(item) ?? []
      const kind = optionKind(option)
      if (kind === 'push-continuation') continue
      if (!PUSH_UPDATE_KINDS.has(kind)) {
        if (optional === '' || kind.startsWith('-')) return 'refused'
        continue
      }
      this.#clearOnce(kind)
      if (removes === '') this.#options = [...this.#options, option]
    }
    if (message.at(-1) === MORE_FOLLOW) return undefined
    this.#cleared.clear()
    return this.#options
  }

  #clearOnce(kind: string): void {
    if (this.#cleared.has(kind)) return
    this.#cleared.add(kind)
    this.#options = this.#options.filter((option) => optionKind(option) !== kind)
  }
}
