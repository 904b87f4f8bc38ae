import { randomBytes } from 'node:crypto'

const SERIAL_BYTES = 16

/**
 * Makes a certificate serial of 16 random bytes in hex. The first two bits are 01: the number is positive and never
 * zero, as RFC 5280 §4.1.2.2 wants, and its hex form always has 32 digits, whoever prints it.
 */
export function randomSerialNumber(): string {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}
