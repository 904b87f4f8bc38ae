import { Buffer } from 'node:buffer'

import { ByteReader, ByteWriter } from '@sallyport/foundation'

/** Whose profile a tls-crypt-v2 client key belongs to; both are lower-case UUIDs as text. */
export interface ClientMetadata {
  readonly tenantId: string
  readonly deviceId: string
}

/** OpenVPN's type for metadata of the issuer's own making. */
const USER_METADATA = 0
const VERSION = 1
const UUID_BYTES = 16
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/

/** Builds the metadata of a client key: type, version, tenant id, device id. Throws `RangeError` on ids of another form. */
export function encodeMetadata(metadata: ClientMetadata): Uint8Array {
  return new ByteWriter()
    .u8(USER_METADATA)
    .u8(VERSION)
    .append(uuidBytes(metadata.tenantId))
    .append(uuidBytes(metadata.deviceId))
    .finish()
}

/** Reads the metadata of a client key; `undefined` when it is not ours or of another version. */
export function decodeMetadata(bytes: Uint8Array): ClientMetadata | undefined {
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  const version = reader.u8()
  const tenantId = uuidText(reader.take(UUID_BYTES))
  const deviceId = uuidText(reader.take(UUID_BYTES))
  if (reader.overrun || reader.remaining > 0 || type !== USER_METADATA || version !== VERSION) return undefined
  return { tenantId, deviceId }
}

function uuidBytes(text: string): Uint8Array {
  if (!UUID.test(text)) throw new RangeError('an id in metadata is a lower-case UUID')
  return Buffer.from(text.replaceAll('-', ''), 'hex')
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
