import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'

import { ApiProblem } from '../http/api-problem.ts'

export const MAX_IMPORT_BYTES = 5 * 1024 * 1024
export const MAX_IMPORT_ROWS = 10_000

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = '\uFEFF'
/** The column names, and as many empty lines as somebody may have left at the end. */
const MAX_LINES = MAX_IMPORT_ROWS + 100

/** A client reads no answer before it has sent its file; past this much it is cut off. */
const MAX_THROWN_AWAY_BYTES = 64 * 1024 * 1024

/**
 * Reads a file to import and gives its text. It keeps nothing more as soon as there are more bytes or lines than are
 * taken, and throws the problem: 413, or 400 when it is not UTF-8.
 */
export async function readImportFile(body: Readable): Promise<string> {
  try {
    return textOf(await bytesOf(body))
  } finally {
    throwAway(body)
  }
}

async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let [bytes, lineFeeds, carriageReturns] = [0, 0, 0]
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a request body gave something else than bytes')
    chunks.push(chunk)
    bytes += chunk.length
    lineFeeds += countOf(chunk, LINE_FEED)
    carriageReturns += countOf(chunk, CARRIAGE_RETURN)
    if (bytes > MAX_IMPORT_BYTES || Math.max(lineFeeds, carriageReturns) > MAX_LINES) throw tooLarge()
  }
  return Buffer.concat(chunks)
}

/** Lets the rest of a body go by, so that the answer reaches the client and the connection serves its next request. */
function throwAway(body: Readable): void {
  let bytes = 0
  body.on('error', () => undefined)
  body.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > MAX_THROWN_AWAY_BYTES) body.destroy()
  })
}

/** What a file that is too large is refused with. */
export function tooLarge(): ApiProblem {
  const megabytes = MAX_IMPORT_BYTES / 2 ** 20
  const message =
    `The file has more than ${String(MAX_IMPORT_ROWS)} rows or ${String(megabytes)} MB. ` +
    'Please cut it into several, each with the line of column names.'
  const parameters = { reason: 'import', rows: MAX_IMPORT_ROWS, megabytes }
  return new ApiProblem(413, 'too-large', message, undefined, {}, parameters)
}

function textOf(file: Buffer): string {
  if (isUtf16(file)) throw badEncoding('The file is in UTF-16.', { reason: 'utf-16' })
  if (!isUtf8(file)) {
    const line = lineOfBadByte(file)
    throw badEncoding(`Line ${String(line)} is not in UTF-8.`, { reason: 'not-utf-8', line })
  }
  const text = file.toString('utf8')
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}

function badEncoding(what: string, parameters: ApiProblem['parameters']): ApiProblem {
  const advice = 'Please save it as "CSV UTF-8": spreadsheets offer that beside plain CSV.'
  return new ApiProblem(400, 'bad-encoding', `${what} ${advice}`, undefined, {}, parameters)
}

/** By its mark, or by a zero in the first two bytes: no column name begins with one. */
function isUtf16(file: Buffer): boolean {
  const [first = 1, second = 1] = file
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0
}

function lineOfBadByte(file: Buffer): number {
  for (let start = 0, line = 1; ; line += 1) {
    const feed = file.indexOf(LINE_FEED, start)
    if (feed === -1 || !isUtf8(file.subarray(start, feed))) return line
    start = feed + 1
  }
}

function countOf(chunk: Uint8Array, byte: number): number {
  let count = 0
  for (let at = chunk.indexOf(byte); at !== -1; at = chunk.indexOf(byte, at + 1)) count += 1
  return count
}
