import { crc32 } from 'node:zlib'

import { z } from 'zod'

/** The longest logo. */
export const LOGO_BYTES = 64 * 1024
const MAX_BASE64_CHARACTERS = Math.ceil(LOGO_BYTES / 3) * 4
const MAX_SIDE_PIXELS = 1024

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const IHDR_BYTES = 13
/** Length, type and checksum of a chunk. */
const CHUNK_FRAME_BYTES = 12
/** Bit depths by colour type (PNG, third edition, 11.2.1). */
const BIT_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}

/** Reads a logo from base64; anything that is no whole PNG of a reasonable size is refused. */
export const logoFile = z
  .base64('must be base64 of a PNG file')
  .max(MAX_BASE64_CHARACTERS, `must be at most ${String(LOGO_BYTES / 1024)} KiB`)
  .meta({
    examples: ['iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='],
  })
  .transform((text, context) => {
    const file = Buffer.from(text, 'base64')
    const problem = pngProblem(file)
    if (problem === undefined) return new Uint8Array(file)
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  })

/**
 * Says what is wrong with a PNG file: it is too large, its header is none that the format allows, a chunk is damaged, or
 * something stands behind its end, as in files that are two things at once.
 */
export function pngProblem(file: Buffer): string | undefined {
  if (file.length > LOGO_BYTES) return `must be at most ${String(LOGO_BYTES / 1024)} KiB`
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return 'must be a PNG file'
  const types: string[] = []
  let place = SIGNATURE.length
  while (place < file.length) {
    const chunk = readChunk(file, place)
    if (chunk === undefined) return 'is a damaged PNG file'
    if (types.length === 0) {
      const problem = chunk.type === 'IHDR' ? headerProblem(chunk.data) : 'is a damaged PNG file'
      if (problem !== undefined) return problem
    }
    types.push(chunk.type)
    place = chunk.end
    if (chunk.type === 'IEND') break
  }
  return types.includes('IDAT') && types.at(-1) === 'IEND' && place === file.length
    ? undefined
    : 'is a damaged PNG file'
}

function readChunk(file: Buffer, start: number): { type: string; data: Buffer; end: number } | undefined {
  if (start + CHUNK_FRAME_BYTES > file.length) return undefined
  const end = start + CHUNK_FRAME_BYTES + file.readUInt32BE(start)
  if (end > file.length) return undefined
  if (crc32(file.subarray(start + 4, end - 4)) !== file.readUInt32BE(end - 4)) return undefined
  return { type: file.toString('latin1', start + 4, start + 8), data: file.subarray(start + 8, end - 4), end }
}

function headerProblem(header: Buffer): string | undefined {
  if (header.length !== IHDR_BYTES) return 'is a damaged PNG file'
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  if (width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS) {
    return `must be at most ${String(MAX_SIDE_PIXELS)} pixels wide and high`
  }
  const [depth = 0, colourType = 0, compression, filter, interlace = 0] = header.subarray(8)
  const isSound =
    width > 0 &&
    height > 0 &&
    BIT_DEPTHS[colourType]?.includes(depth) === true &&
    compression === 0 &&
    filter === 0 &&
    interlace <= 1
  return isSound ? undefined : 'is a damaged PNG file'
}
