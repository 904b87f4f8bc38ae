import { crc32, deflateSync } from 'node:zlib'

import { expect, it } from 'vitest'

import { LOGO_BYTES, logoFile, pngProblem } from './logo-file.ts'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, checksum])
}

function header(
  changes: Readonly<Partial<Record<'width' | 'height' | 'depth' | 'colour' | 'interlace', number>>> = {},
) {
  const { width, height, depth, colour, interlace } = {
    width: 8,
    height: 8,
    depth: 8,
    colour: 6,
    interlace: 0,
    ...changes,
  }
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([depth, colour, 0, 0, interlace], 8)
  return chunk('IHDR', data)
}

const PIXELS = chunk('IDAT', deflateSync(Buffer.alloc(8 * (8 * 4 + 1))))
const END = chunk('IEND', Buffer.alloc(0))
const png = (...chunks: readonly Buffer[]): Buffer => Buffer.concat([SIGNATURE, ...chunks])
const GOOD = png(header(), PIXELS, END)

it('takes a PNG file as it is', () => {
  expect(pngProblem(GOOD)).toBeUndefined()
  expect(pngProblem(png(header({ width: 1024, height: 1024 }), chunk('tEXt', Buffer.from('a\0b')), PIXELS, END))).toBe(
    undefined,
  )
  expect(Buffer.from(logoFile.parse(GOOD.toString('base64')))).toEqual(GOOD)
})

it.each([
  ['an SVG file', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
  ['a JPEG file', Buffer.from('ffd8ffe000104a464946', 'hex')],
  ['nothing', Buffer.alloc(0)],
  ['only a signature', SIGNATURE],
  ['a file that begins with something else than its header', png(PIXELS, header(), END)],
  ['a header that is too long', png(chunk('IHDR', Buffer.alloc(14)), PIXELS, END)],
  ['no width', png(header({ width: 0 }), PIXELS, END)],
  ['too many pixels', png(header({ width: 1025 }), PIXELS, END)],
  ['a height of four thousand million', png(header({ height: 0xffffffff }), PIXELS, END)],
  ['a depth that its colours do not have', png(header({ depth: 4 }), PIXELS, END)],
  ['colours that there are not', png(header({ colour: 5 }), PIXELS, END)],
  ['an order that there is not', png(header({ interlace: 2 }), PIXELS, END)],
  ['no pixels', png(header(), END)],
  ['no end', png(header(), PIXELS)],
  ['a page behind its end', Buffer.concat([GOOD, Buffer.from('<script>alert(1)</script>')])],
  ['a chunk that ends behind the file', GOOD.subarray(0, -5)],
  ['a chunk that says that it is endless', png(header(), Buffer.from('ffffffff49444154', 'hex'))],
  ['a chunk that was changed', Buffer.from(GOOD).fill(0, 50, 52)],
  ['more bytes than are allowed', png(header(), chunk('IDAT', Buffer.alloc(LOGO_BYTES)), END)],
])('refuses %s', (_, file) => {
  expect(pngProblem(file)).toMatch(/^(must|is) /)
  expect(logoFile.safeParse(file.toString('base64')).success).toBe(false)
})

it('refuses what is no base64', () => {
  for (const text of ['', 'data:image/png;base64,AAAA', `${GOOD.toString('base64')}!`])
    expect(logoFile.safeParse(text).success).toBe(false)
})
