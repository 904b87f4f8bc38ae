import { SallyportError } from '@sallyport/foundation'

/** Where a client connects. */
export interface ProfileRemote {
  readonly host: string
  readonly port: number
  readonly protocol: 'udp' | 'tcp'
}

/** What wraps the control channel, as OpenVPN writes it in a file. */
export interface ProfileControlKey {
  readonly mode: 'tls-crypt-v2' | 'tls-crypt' | 'tls-auth'
  readonly text: string
}

/** Everything that goes into a profile. */
export interface ProfileParts {
  readonly remotes: readonly ProfileRemote[]
  /** Common name that the server's certificate must have. */
  readonly serverName: string
  /** Shown by the client's window. */
  readonly friendlyName: string
  /** The client asks for a code beside the password. */
  readonly asksForCode: boolean
  readonly caPem: string
  readonly certificatePem: string
  /** The device's own key makes the profile a modern one, its tenant's static key one for old clients. */
  readonly controlKey: ProfileControlKey
  /** The device's key, when it was made by the service. */
  readonly privateKeyPem?: string
  /** Fixes the name that OpenVPN Connect signs in with. */
  readonly username?: string
}

/** OpenVPN 2.x reads configuration lines of at most 256 bytes, the terminator included. */
const MAX_LINE_BYTES = 255
const REMOTE = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)):(\d{1,5})\/(udp|tcp)$/
const USERNAME = /^[a-z0-9._@+-]+$/
const PEM = /^(?:-----BEGIN [A-Za-z0-9 -]+-----\n(?:[A-Za-z0-9+/=]+\n)+-----END [A-Za-z0-9 -]+-----\n)+$/

const CLIENTS = {
  modern: [
    '# Sallyport profile, flavour "modern": OpenVPN 2.5 and later, OpenVPN Connect 3.4 and later, NetworkManager.',
    '# For older clients, such as OpenVPN 2.4, get the flavour "legacy".',
  ],
  legacy: [
    '# Sallyport profile, flavour "legacy": OpenVPN 2.4 and clients that do not know tls-crypt-v2.',
    '# All others should get the flavour "modern": its key belongs to this device alone.',
  ],
} as const

/** A part that must not be written into a profile, because it could change what the other lines mean. */
export class ProfileError extends SallyportError {
  constructor(what: string) {
    super('bad-profile-part', `the profile's ${what} has characters that a profile cannot carry`)
  }
}

/** Reads `host:port/udp` or `host:port/tcp`; `undefined` when it is neither. */
export function parseProfileRemote(text: string): ProfileRemote | undefined {
  const [, bracketed, plain, portText, protocol] = REMOTE.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(portText)
  if (host === undefined || port < 1 || port > 65535) return undefined
  return { host, port, protocol: protocol === 'tcp' ? 'tcp' : 'udp' }
}

/**
 * Writes the profile, without `<key>` when the device appends the private key that it made itself. Only directives that
 * OpenVPN 2.4 to 2.7, the OpenVPN 3 core and NetworkManager's importer all accept; those that one family refuses are
 * written with `setenv opt`, which the others ignore. The first lines say which flavour it is, and for which clients.
 */
export function writeProfile(parts: ProfileParts): string {
  const lines = [
    ...CLIENTS[parts.controlKey.mode === 'tls-crypt-v2' ? 'modern' : 'legacy'],
    'client',
    'dev tun',
    ...inOrder(parts.remotes).map(({ host, port, protocol }) => `remote ${host} ${String(port)} ${protocol}`),
    'server-poll-timeout 4',
    'nobind',
    'remote-cert-tls server',
    `verify-x509-name ${checked('server name', /^[a-z0-9.-]+$/, parts.serverName)} name`,
    'auth SHA256',
    'cipher AES-256-GCM',
    'setenv opt data-ciphers AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305',
    'setenv opt persist-tun',
    'auth-user-pass',
    // The password is not kept in memory; a session token, once given, is.
    'auth-nocache',
    ...(parts.asksForCode ? ['static-challenge "One-time code" 1'] : []),
    'verb 3',
    `setenv FRIENDLY_NAME "${checked('name', /^[\p{L}\p{N} ._()&+@/-]+$/u, parts.friendlyName)}"`,
    ...(parts.username === undefined ? [] : [`setenv USERNAME "${checked('user name', USERNAME, parts.username)}"`]),
    ...block('ca', parts.caPem),
    ...block('cert', parts.certificatePem),
    ...(parts.privateKeyPem === undefined ? [] : block('key', parts.privateKeyPem)),
    // The server has direction 0; tls-crypt knows no directions.
    ...(parts.controlKey.mode === 'tls-auth' ? ['key-direction 1'] : []),
    ...block(parts.controlKey.mode, parts.controlKey.text),
  ]
  if (lines.some((line) => Buffer.byteLength(line) > MAX_LINE_BYTES)) throw new ProfileError('longest line')
  return `${lines.join('\n')}\n`
}

/** UDP first: TCP inside TCP is slow, and is there for networks that let nothing else through. */
function inOrder(remotes: readonly ProfileRemote[]): ProfileRemote[] {
  const of = (wanted: ProfileRemote['protocol']): ProfileRemote[] =>
    remotes.filter(({ protocol }) => protocol === wanted)
  return [...of('udp'), ...of('tcp')]
}

function checked(what: string, allowed: RegExp, text: string): string {
  if (!allowed.test(text)) throw new ProfileError(what)
  return text
}

function block(tag: string, pem: string): string[] {
  return [`<${tag}>`, ...checked(`<${tag}>`, PEM, pem).trimEnd().split('\n'), `</${tag}>`]
}
