import { Buffer } from 'node:buffer'

import {
  CLIENT_KEY_BYTES,
  MAX_WRAPPED_KEY_BYTES,
  SERVER_KEY_BYTES,
  type TlsCryptV2ClientKey,
} from './tls-crypt-v2-key.ts'

const STATIC_KEY_LABEL = 'OpenVPN Static key V1'
const SERVER_KEY_LABEL = 'OpenVPN tls-crypt-v2 server key'
const CLIENT_KEY_LABEL = 'OpenVPN tls-crypt-v2 client key'
const HEX_LINE = /.{32}/g
const BASE64_LINE = /.{1,64}/g

/** Builds a static key file (tls-crypt, tls-auth) from 256 bytes. */
export function serialiseStaticKeyFile(key: Uint8Array): string {
  if (key.length !== CLIENT_KEY_BYTES) throw new RangeError('a static key has 256 bytes')
  return frame(STATIC_KEY_LABEL, Buffer.from(key).toString('hex').match(HEX_LINE) ?? [])
}

/** Reads a static key file; `undefined` when it is none. */
export function parseStaticKeyFile(text: string): Uint8Array | undefined {
  const hex = unframe(STATIC_KEY_LABEL, text)
  return hex !== undefined && /^[0-9a-fA-F]{512}$/.test(hex) ? Uint8Array.from(Buffer.from(hex, 'hex')) : undefined
}

/** Builds the file of a tls-crypt-v2 server key from 128 bytes. */
export function serialiseServerKeyFile(key: Uint8Array): string {
  if (key.length !== SERVER_KEY_BYTES) throw new RangeError('a tls-crypt-v2 server key has 128 bytes')
  return frameBase64(SERVER_KEY_LABEL, key)
}

/** Reads the file of a tls-crypt-v2 server key; `undefined` when it is none. */
export function parseServerKeyFile(text: string): Uint8Array | undefined {
  const key = unframeBase64(SERVER_KEY_LABEL, text)
  return key?.length === SERVER_KEY_BYTES ? key : undefined
}

/** Builds what stands in a profile between `<tls-crypt-v2>` and its end tag. */
export function serialiseClientKeyFile({ key, wrappedKey }: TlsCryptV2ClientKey): string {
  return frameBase64(CLIENT_KEY_LABEL, Buffer.concat([key, wrappedKey]))
}

/** Reads the client's half of tls-crypt-v2; `undefined` when it is none. */
export function parseClientKeyFile(text: string): TlsCryptV2ClientKey | undefined {
  const bytes = unframeBase64(CLIENT_KEY_LABEL, text)
  if (bytes === undefined || bytes.length <= CLIENT_KEY_BYTES) return undefined
  if (bytes.length > CLIENT_KEY_BYTES + MAX_WRAPPED_KEY_BYTES) return undefined
  return { key: bytes.slice(0, CLIENT_KEY_BYTES), wrappedKey: bytes.slice(CLIENT_KEY_BYTES) }
}

function frameBase64(label: string, bytes: Uint8Array): string {
  return frame(label, Buffer.from(bytes).toString('base64').match(BASE64_LINE) ?? [])
}

function unframeBase64(label: string, text: string): Uint8Array | undefined {
  const base64 = unframe(label, text)
  if (base64 === undefined) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? Uint8Array.from(bytes) : undefined
}

function frame(label: string, lines: readonly string[]): string {
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Gives the text between the marks without white space; comments may stand before it. */
function unframe(label: string, text: string): string | undefined {
  const [, framed] = text.split(`-----BEGIN ${label}-----`)
  const [body, ...rest] = framed?.split(`-----END ${label}-----`) ?? []
  return rest.length === 1 ? body?.replaceAll(/\s/g, '') : undefined
}
