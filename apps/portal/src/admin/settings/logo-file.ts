/** The largest logo, and its longest side. */
export const LOGO_BYTES = 64 * 1024
const MAX_SIDE_PIXELS = 1024

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** Where width and height are: behind signature, length and type of the first chunk (PNG, third edition, 11.2.1). */
const WIDTH_AT = 16
const HEIGHT_AT = 20
const HEADER_BYTES = 33

/** Why a file can be no logo. */
export type LogoProblem = 'too-large' | 'no-png' | 'too-many-pixels'

/** Says at once what the service would refuse; it looks at the rest of the file. */
export function logoProblemOf(file: Uint8Array): LogoProblem | undefined {
  if (file.length > LOGO_BYTES) return 'too-large'
  if (file.length < HEADER_BYTES || SIGNATURE.some((byte, place) => file[place] !== byte)) return 'no-png'
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const [width, height] = [view.getUint32(WIDTH_AT), view.getUint32(HEIGHT_AT)]
  return width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS ? 'too-many-pixels' : undefined
}

/** Writes a file as the API takes it. */
export function base64Of(file: Uint8Array): string {
  return btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(''))
}
