import type { ClientWrap } from '@sallyport/openvpn-session'
import { parseClientKeyFile, parseStaticKeyFile } from '@sallyport/openvpn-wire'
import type { TlsClientCredentials } from '@sallyport/tls-engine'

import type { HostPort } from '../end-point.ts'
import { LoadError } from '../load-error.ts'

/** What a client needs of a profile. */
export interface LoadProfile {
  /** For messages. */
  readonly name: string
  /** The first `remote` that is reached by UDP. */
  readonly remote: HostPort
  readonly wrap: ClientWrap
  readonly tls: TlsClientCredentials
  /** Common name that the server's certificate must have; `undefined` when the profile asks for none. */
  readonly serverName: string | undefined
  readonly asksForPassword: boolean
  /** What a client with this profile says about its options in key method 2. */
  readonly optionsString: string
}

const DEFAULT_PORT = 1194
/** Blocks have their content in lines of its own. */
const BLOCK = /^<([a-z0-9-]+)>\n([\s\S]*?)^<\/\1>$/gm

/** Reads a profile; throws `LoadError` `bad-profile` that says what is missing or cannot be done. */
export function parseProfile(name: string, text: string): LoadProfile {
  const unix = text.replaceAll('\r\n', '\n')
  const blocks = new Map(Array.from(unix.matchAll(BLOCK), ([, tag = '', content = '']) => [tag, content]))
  const lines = unix.replaceAll(BLOCK, '').split('\n')
  const directives = lines.map((line) => line.trim().split(/\s+/)).filter(([word = '']) => !/^([#;].*)?$/.test(word))
  const option = (wanted: string): readonly string[] | undefined =>
    directives.find(([word]) => word === wanted)?.slice(1)
  const fail = (message: string): never => {
    throw new LoadError('bad-profile', `${name}: ${message}`)
  }
  const need = (tag: string): string => blocks.get(tag) ?? fail(`has no <${tag}>`)
  if (option('static-challenge') !== undefined) {
    fail(
      'asks for a one-time code, which is good once: put the users of a load run into a group whose policy has mfa "off"',
    )
  }
  return {
    name,
    remote: remoteOf(directives) ?? fail('has no `remote` that is reached by UDP'),
    wrap:
      wrapOf(blocks, option) ?? fail('has no usable <tls-crypt-v2>, <tls-crypt> or <tls-auth> with key-direction 1'),
    tls: { serverCaPem: need('ca'), certificatePem: need('cert'), privateKeyPem: need('key') },
    serverName: serverNameOf(option('verify-x509-name')),
    asksForPassword: option('auth-user-pass') !== undefined,
    optionsString: optionsString(option('cipher')?.[0] ?? 'AES-256-GCM', option('auth')?.[0] ?? 'SHA1'),
  }
}

function remoteOf(directives: readonly (readonly string[])[]): HostPort | undefined {
  const proto = directives.find(([word]) => word === 'proto')?.[1] ?? 'udp'
  for (const [word, host, port = String(DEFAULT_PORT), transport = proto] of directives) {
    if (word === 'remote' && host !== undefined && /^udp[46]?$/.test(transport)) return { host, port: Number(port) }
  }
  return undefined
}

function wrapOf(
  blocks: ReadonlyMap<string, string>,
  option: (name: string) => readonly string[] | undefined,
): ClientWrap | undefined {
  const v2 = parseClientKeyFile(blocks.get('tls-crypt-v2') ?? '')
  if (v2 !== undefined) return { mode: 'tls-crypt-v2', key: v2 }
  const crypt = parseStaticKeyFile(blocks.get('tls-crypt') ?? '')
  if (crypt !== undefined) return { mode: 'tls-crypt', key: crypt }
  const auth = parseStaticKeyFile(blocks.get('tls-auth') ?? '')
  const digest = (['SHA256', 'SHA1'] as const).find((known) => known === (option('auth')?.[0] ?? 'SHA1'))
  const isClientSide = option('key-direction')?.[0] === '1'
  return auth && digest && isClientSide ? { mode: 'tls-auth', key: auth, digest } : undefined
}

/** Only whole names can be compared; other forms of the option are for other kinds of names. */
function serverNameOf(option: readonly string[] | undefined): string | undefined {
  return option?.[1] === 'name' ? option[0] : undefined
}

/** The options string is advisory, but old servers read the cipher out of it. */
function optionsString(cipher: string, digest: string): string {
  return [
    'V4',
    'dev-type tun',
    'link-mtu 1549',
    'tun-mtu 1500',
    'proto UDPv4',
    `cipher ${cipher}`,
    `auth ${digest}`,
    'keysize 256',
    'key-method 2',
    'tls-client',
  ].join(',')
}
