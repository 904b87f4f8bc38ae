import { type AuditLine, parseAuditLine, type UnreadableLine } from './audit-line.ts'

const MAX_LINE_BYTES = 256 * 1024
const NEWLINE = 10

/**
 * Reads an exported file as it comes, for example from `createReadStream`, and holds one line at a time. What is no line
 * as the export writes them is handed on as unreadable; so is one of more than 256 KiB, and nothing after it is read.
 */
export async function* readAuditLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<AuditLine | UnreadableLine> {
  const parts: Uint8Array[] = []
  let bytes = 0
  let line = 0
  const read = (last: Uint8Array): AuditLine | UnreadableLine => {
    const whole = parts.length === 0 ? last : Buffer.concat([...parts, last])
    parts.length = 0
    bytes = 0
    line += 1
    return parseLine(whole) ?? { unreadable: true, line }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield read(chunk.subarray(start, end))
      start = end + 1
    }
    bytes += chunk.length - start
    if (bytes > MAX_LINE_BYTES) {
      yield { unreadable: true, line: line + 1 }
      return
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
  if (bytes > 0) yield read(new Uint8Array())
}

function parseLine(bytes: Uint8Array): AuditLine | undefined {
  if (bytes.length > MAX_LINE_BYTES) return undefined
  try {
    return parseAuditLine(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}
