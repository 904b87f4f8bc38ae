import { SallyportError } from '@sallyport/foundation'

import { AnswerTooLongError } from './response-body.ts'

/** A whole answer as UTF-8 text. */
export interface ServiceAnswer {
  readonly statusCode: number
  readonly text: string
  /** How long the server keeps the connection for the next call; `undefined` when it does not say. */
  readonly keepAliveMs: number | undefined
  /** The connection is good for no other call. */
  readonly isLast: boolean
}

const MAX_HEAD_BYTES = 16_384
const MAX_CHUNK_HEAD_BYTES = 1_024
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d)(?: |\r|$)/
const CHUNK_HEAD = /^([0-9a-f]{1,8})[ \t]*(?:;|$)/i
/** Each of these says where an answer ends, so that a second could contradict it (RFC 9112 §6.3). */
const FRAMING_FIELD = /\r\n(content-length|transfer-encoding):([^\r\n]*)/gi
const FIELDS = { connection: /\r\nconnection:([^\r\n]*)/i, 'keep-alive': /\r\nkeep-alive:([^\r\n]*)/i } as const
/** RFC 9110 §15.3.5, §15.4.5: these have no body, whatever their fields say. */
const BODILESS = [204, 304]

type Framing = { readonly type: 'length' | 'chunk'; remaining: number } | { readonly type: 'chunk-head' | 'trailer' }

/**
 * Reads one answer of HTTP/1.1 (RFC 9112) from the bytes of a connection, in any split. Answers without a length, which
 * end with their connection, are not taken: nobody could tell a whole one from one that was cut off.
 */
export class AnswerReader {
  readonly #maxBytes: number
  readonly #parts: Buffer[] = []
  #bodyBytes = 0
  #head: Omit<ServiceAnswer, 'text'> | undefined
  #framing: Framing = { type: 'length', remaining: 0 }
  /** The begin of a head that has not come whole. */
  #rest: Buffer | undefined

  /** Bodies over `maxBytes` are refused. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Takes bytes, which it does not keep; gives the answer when it is whole. Throws `AnswerTooLongError`, and `bad-answer`
   * for what is not an answer or goes on after its end.
   */
  take(bytes: Buffer): ServiceAnswer | undefined {
    let left = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = undefined
    if (this.#head === undefined) {
      const end = left.indexOf(HEAD_END, 0, 'latin1')
      if (end === -1) {
        this.#wait(left, MAX_HEAD_BYTES)
        return undefined
      }
      this.#readHead(left.toString('latin1', 0, end))
      left = left.subarray(end + HEAD_END.length)
    }
    return this.#readBody(left)
  }

  #wait(left: Buffer, maxBytes: number): void {
    if (left.length > maxBytes) throw badAnswer('its head is too long')
    this.#rest = Buffer.from(left)
  }

  #readHead(head: string): void {
    const status = STATUS_LINE.exec(head)?.[1]
    if (status === undefined) throw badAnswer('it is not of HTTP/1.1')
    const statusCode = Number(status)
    const keepAliveSeconds = /timeout=(\d{1,6})/.exec(field(head, 'keep-alive') ?? '')?.[1]
    this.#head = {
      statusCode,
      keepAliveMs: keepAliveSeconds === undefined ? undefined : Number(keepAliveSeconds) * 1000,
      isLast: field(head, 'connection')?.toLowerCase() === 'close',
    }
    this.#framing = framingOf(head, statusCode)
    if (this.#framing.type === 'length' && this.#framing.remaining > this.#maxBytes) {
      throw new AnswerTooLongError(this.#maxBytes)
    }
  }

  #readBody(bytes: Buffer): ServiceAnswer | undefined {
    let left = bytes
    for (;;) {
      const framing = this.#framing
      if (framing.type === 'length' || framing.type === 'chunk') {
        left = this.#keep(left, framing)
        if (framing.remaining > 0) return undefined
        if (framing.type === 'length') return this.#finish(left)
      }
      const end = left.indexOf(LINE_END, 0, 'latin1')
      if (end === -1) {
        this.#wait(left, MAX_CHUNK_HEAD_BYTES)
        return undefined
      }
      const line = left.toString('latin1', 0, end)
      left = left.subarray(end + LINE_END.length)
      if (framing.type === 'chunk-head') this.#framing = chunkOf(line)
      else if (framing.type === 'chunk') this.#framing = afterChunk(line)
      else if (line === '') return this.#finish(left)
    }
  }

  #keep(bytes: Buffer, framing: Framing & { remaining: number }): Buffer {
    const part = bytes.subarray(0, framing.remaining)
    framing.remaining -= part.length
    this.#bodyBytes += part.length
    if (this.#bodyBytes > this.#maxBytes) throw new AnswerTooLongError(this.#maxBytes)
    // Nearly every answer comes whole and is read at once; the bytes of others have to be kept.
    const isWhole = framing.type === 'length' && framing.remaining === 0 && this.#parts.length === 0
    if (part.length > 0) this.#parts.push(isWhole ? part : Buffer.from(part))
    return bytes.subarray(part.length)
  }

  #finish(left: Buffer): ServiceAnswer {
    const head = this.#head
    if (head === undefined || left.length > 0) throw badAnswer('it goes on after its end')
    const [first] = this.#parts
    const body = this.#parts.length === 1 ? first : Buffer.concat(this.#parts)
    return { ...head, text: body === undefined ? '' : body.toString('utf8') }
  }
}

function framingOf(head: string, statusCode: number): Framing {
  if (BODILESS.includes(statusCode)) return { type: 'length', remaining: 0 }
  const [framing, another] = head.matchAll(FRAMING_FIELD)
  if (another !== undefined) throw badAnswer('it says more than once how long it is')
  const [, name, value] = framing?.map((text) => text.trim().toLowerCase()) ?? []
  if (name === 'content-length' && value !== undefined && /^\d{1,10}$/.test(value)) {
    return { type: 'length', remaining: Number(value) }
  }
  if (name === 'transfer-encoding' && value === 'chunked') return { type: 'chunk-head' }
  throw badAnswer('it does not say how long it is')
}

/** What follows the line that ends a chunk's data (RFC 9112 §7.1). */
function afterChunk(line: string): Framing {
  if (line !== '') throw badAnswer('a chunk is longer than it says')
  return { type: 'chunk-head' }
}

function chunkOf(line: string): Framing {
  const size = CHUNK_HEAD.exec(line)?.[1]
  if (size === undefined) throw badAnswer('a chunk does not say how long it is')
  const remaining = Number.parseInt(size, 16)
  return remaining === 0 ? { type: 'trailer' } : { type: 'chunk', remaining }
}

/** The value of a field, of the first when there are several. */
function field(head: string, name: keyof typeof FIELDS): string | undefined {
  return FIELDS[name].exec(head)?.[1]?.trim()
}

function badAnswer(what: string): SallyportError {
  return new SallyportError('bad-answer', `the answer cannot be read: ${what}`)
}
