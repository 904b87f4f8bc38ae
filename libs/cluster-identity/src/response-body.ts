import { SallyportError } from '@sallyport/foundation'

const LINE_FEED = 0x0a

/** The other side sent more than this client is willing to hold. */
export class AnswerTooLongError extends SallyportError {
  constructor(maxBytes: number) {
    super('answer-too-long', `the answer is longer than ${String(maxBytes)} bytes`)
  }
}

/** Reads a whole body as UTF-8 text; throws `AnswerTooLongError`. */
export async function readText(body: AsyncIterable<unknown>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(bytesOf(chunk))
    bytes += bytesOf(chunk).length
    if (bytes > maxBytes) throw new AnswerTooLongError(maxBytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Splits a body into its lines, without empty ones; throws `AnswerTooLongError` for a line over `maxLineBytes`. A last
 * line that is not ended was cut off and is dropped.
 */
export async function* readLines(
  body: AsyncIterable<unknown>,
  maxLineBytes: number,
): AsyncGenerator<string, void, undefined> {
  let line: Buffer[] = []
  let lineBytes = 0
  for await (const chunk of body) {
    let rest = bytesOf(chunk)
    while (rest.length > 0) {
      const end = rest.indexOf(LINE_FEED)
      const part = end === -1 ? rest : rest.subarray(0, end)
      rest = end === -1 ? Buffer.alloc(0) : rest.subarray(end + 1)
      line.push(part)
      lineBytes += part.length
      if (lineBytes > maxLineBytes) throw new AnswerTooLongError(maxLineBytes)
      if (end === -1) continue
      if (lineBytes > 0) yield Buffer.concat(line).toString('utf8')
      line = []
      lineBytes = 0
    }
  }
}

function bytesOf(chunk: unknown): Buffer {
  if (!(chunk instanceof Uint8Array)) throw new TypeError('a response body gives bytes')
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
