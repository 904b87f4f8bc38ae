import { SallyportError } from '@sallyport/foundation'

/** Where a client connects. */
export interface ProfileRemote {
  readonly host: string
  readonly port: number
  readonly protocol: 'udp'
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
  readonly tlsCryptV2ClientKey: string
}

/** OpenVPN 2.x reads configuration lines of at most 256 bytes, the terminator included. */
const MAX_LINE_BYTES = 255
const PEM = /^(?:-----BEGIN [A-Za-z0-9 -]+-----\n(?:[A-Za-z0-9+/=]+\n)+-----END [A-Za-z0-9 -]+-----\n)+$/

/** A part that must not be written into a profile, because it could change what the other lines mean. */
export class ProfileError extends SallyportError {
  constructor(what: string) {
    super('bad-profile-part', `the profile's ${what} has characters that a profile cannot carry`)
  }
}

/** Reads `host:port/udp`; `undefined` when it is not one. */
export function parseProfileRemote(text: string): ProfileRemote | undefined {
  const [, bracketed, plain, portText] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)):(\d{1,5})\/udp$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(portText)
  return host === undefined || port < 1 || port > 65535 ? undefined : { host, port, protocol: 'udp' }
}

/**
 * Writes the unified profile without `<key>`: the device appends the private key that it made itself. Only directives
 * that OpenVPN 2.4 to 2.7 and the OpenVPN 3 core all accept; those that one family refuses are written with
 * `setenv opt`, which the others ignore.
 */
export function writeProfile(parts: ProfileParts): string {
  const lines = [
    'client',
    'dev tun',
    ...parts.remotes.map(({ host, port, protocol }) => `remote ${host} ${String(port)} ${protocol}`),
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
    ...block('ca', parts.caPem),
    ...block('cert', parts.certificatePem),
    ...block('tls-crypt-v2', parts.tlsCryptV2ClientKey),
  ]
  if (lines.some((line) => Buffer.byteLength(line) > MAX_LINE_BYTES)) throw new ProfileError('longest line')
  return `${lines.join('\n')}\n`
}

function checked(what: string, allowed: RegExp, text: string): string {
  if (!allowed.test(text)) throw new ProfileError(what)
  return text
}

function block(tag: string, pem: string): string[] {
  return [`<${tag}>`, ...checked(`<${tag}>`, PEM, pem).trimEnd().split('\n'), `</${tag}>`]
}
