import { isUtf8 } from 'node:buffer'

import { ByteReader, ByteWriter } from '@sallyport/foundation'

/** Longest key-method-2 message that is read; longer ones are malformed. */
export const MAX_KEY_METHOD2_BYTES = 8192

const KEY_METHOD = 2
const PRE_MASTER_BYTES = 48
const RANDOM_BYTES = 32

/** What a client says in the first TLS application data of a key state. Byte fields are copies. */
export interface ClientKeyMethod2 {
  readonly preMaster: Uint8Array
  readonly random1: Uint8Array
  readonly random2: Uint8Array
  readonly options: string
  readonly username: string
  readonly password: string
  readonly peerInfo: string
}

/** What a server answers. */
export interface ServerKeyMethod2 {
  readonly random1: Uint8Array
  readonly random2: Uint8Array
  readonly options: string
}

/** Result of reading a message that may still be growing. */
export type KeyMethod2Result<Message> =
  | { readonly type: 'incomplete' }
  | { readonly type: 'malformed' }
  | { readonly type: 'message'; readonly message: Message; readonly length: number }

/**
 * Reads a client's message from the start of the plaintext received so far. Peer info must be there, if only empty:
 * clients that leave it out are older than tls-crypt-v2.
 */
export function parseClientKeyMethod2(bytes: Uint8Array): KeyMethod2Result<ClientKeyMethod2> {
  return parse(bytes, (reader) => {
    const preMaster = Uint8Array.from(reader.take(PRE_MASTER_BYTES))
    const random1 = Uint8Array.from(reader.take(RANDOM_BYTES))
    const random2 = Uint8Array.from(reader.take(RANDOM_BYTES))
    const [options, username, password, peerInfo] = [
      readText(reader),
      readText(reader),
      readText(reader),
      readText(reader),
    ]
    if (options === undefined || username === undefined || password === undefined || peerInfo === undefined)
      return undefined
    return { preMaster, random1, random2, options, username, password, peerInfo }
  })
}

/** Reads a server's message; the empty strings after the options are optional and not counted in `length`. */
export function parseServerKeyMethod2(bytes: Uint8Array): KeyMethod2Result<ServerKeyMethod2> {
  return parse(bytes, (reader) => {
    const random1 = Uint8Array.from(reader.take(RANDOM_BYTES))
    const random2 = Uint8Array.from(reader.take(RANDOM_BYTES))
    const options = readText(reader)
    return options === undefined ? undefined : { random1, random2, options }
  })
}

/** Builds a client's message. Throws `RangeError` on a text of more than 65534 bytes. */
export function serialiseClientKeyMethod2(message: ClientKeyMethod2): Uint8Array {
  const writer = startMessage().append(message.preMaster).append(message.random1).append(message.random2)
  for (const text of [message.options, message.username, message.password, message.peerInfo]) writeText(writer, text)
  return writer.finish()
}

/** Builds a server's message, with the three empty strings that servers of the 2.x line send. */
export function serialiseServerKeyMethod2(message: ServerKeyMethod2): Uint8Array {
  const writer = startMessage().append(message.random1).append(message.random2)
  for (const text of [message.options, '', '', '']) writeText(writer, text)
  return writer.finish()
}

function parse<Message>(
  bytes: Uint8Array,
  read: (reader: ByteReader) => Message | undefined,
): KeyMethod2Result<Message> {
  const reader = new ByteReader(bytes.subarray(0, MAX_KEY_METHOD2_BYTES))
  const zero = reader.u32()
  const method = reader.u8() & 0x0f
  if (!reader.overrun && (zero !== 0 || method !== KEY_METHOD)) return { type: 'malformed' }
  const message = read(reader)
  if (reader.overrun) return { type: bytes.length < MAX_KEY_METHOD2_BYTES ? 'incomplete' : 'malformed' }
  return message === undefined ? { type: 'malformed' } : { type: 'message', message, length: reader.offset }
}

function startMessage(): ByteWriter {
  return new ByteWriter().u32(0).u8(KEY_METHOD)
}

/** Reads a text with its length in front and one NUL at its end; `undefined` when it is no such text. */
function readText(reader: ByteReader): string | undefined {
  const bytes = reader.take(reader.u16())
  if (bytes.length === 0) return ''
  const text = bytes.subarray(0, -1)
  if (bytes.at(-1) !== 0 || text.includes(0) || !isUtf8(text)) return undefined
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
}

function writeText(writer: ByteWriter, text: string): void {
  if (text === '') {
    writer.u16(0)
    return
  }
  const bytes = new TextEncoder().encode(text)
  writer
    .u16(bytes.length + 1)
    .append(bytes)
    .u8(0)
}
