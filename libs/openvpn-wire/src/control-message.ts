import { isUtf8 } from 'node:buffer'

/** Longest chunk of control messages that is read from a client. */
export const MAX_CONTROL_CHUNK_BYTES = 4096
/** Longest control message to a client, its NUL included: the buffer of the 2.x line. */
export const MAX_CONTROL_MESSAGE_BYTES = 1024

const CONTROL_CHARACTER = /\p{Cc}/u

/**
 * Splits one TLS record into its control messages, each ended by NUL, the last one perhaps by the record only. Line
 * ends at the end of a message are taken off. `undefined` when anything in the record is no printable UTF-8 text.
 */
export function parseControlMessages(record: Uint8Array): readonly string[] | undefined {
  if (record.length > MAX_CONTROL_CHUNK_BYTES || !isUtf8(record)) return undefined
  const messages = new TextDecoder('utf-8', { ignoreBOM: true })
    .decode(record)
    .split('\0')
    .map((message) => message.replace(/[\r\n]+$/, ''))
    .filter((message) => message !== '')
  return messages.some((message) => CONTROL_CHARACTER.test(message)) ? undefined : messages
}

/** Builds one record of one message with its NUL. A message with control characters or too long throws `RangeError`. */
export function serialiseControlMessage(message: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${message}\0`)
  if (CONTROL_CHARACTER.test(message) || bytes.length > MAX_CONTROL_MESSAGE_BYTES) {
    throw new RangeError('a control message is printable text of at most 1023 bytes')
  }
  return bytes
}
