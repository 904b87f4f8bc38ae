import { ByteReader, ByteWriter } from '@sallyport/foundation'

const FLAGS_TYPE = 1
const RESEND_WKC = 1

/** Builds the payload of a stateless server reset that asks the client to send its wrapped key again. */
export function serialiseResendWkc(): Uint8Array {
  return new ByteWriter().u16(FLAGS_TYPE).u16(2).u16(RESEND_WKC).finish()
}

/** Says whether a server reset asks for the wrapped key again; unknown fields are skipped, truncated ones are `undefined`. */
export function parseResendWkc(payload: Uint8Array): boolean | undefined {
  const reader = new ByteReader(payload)
  let resend = false
  while (reader.remaining > 0) {
    const type = reader.u16()
    const value = reader.take(reader.u16())
    if (reader.overrun) return undefined
    if (type === FLAGS_TYPE && value.length === 2) resend = (new ByteReader(value).u16() & RESEND_WKC) !== 0
  }
  return resend
}
