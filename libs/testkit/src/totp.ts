import { createHmac } from 'node:crypto'

const STEP_SECONDS = 30
const DIGITS = 6
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The code that an authenticator app shows (RFC 6238 with SHA-1, 30 s, 6 digits); independent of the service's library. */
export function totpCode(base32Secret: string, atMs: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 1000 / STEP_SECONDS)))
  const mac = createHmac('sha1', fromBase32(base32Secret)).update(counter).digest()
  // RFC 4226 §5.3: the low four bits of the last byte choose where the code is.
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0')
}

/**
 * Gives codes that were not used before. The service takes each time step once, and a step early (RFC 6238 §5.2): a second
 * call need not wait for the next step, a third one does.
 */
export class TotpDevice {
  readonly #secret: string
  #lastStep = 0

  constructor(base32Secret: string) {
    this.#secret = base32Secret
  }

  /** A fresh code, which is good for 30 s at least; waits up to 30 s when the next one was given out as well. */
  async code(): Promise<string> {
    const step = Math.max(this.#lastStep + 1, Math.floor(Date.now() / 1000 / STEP_SECONDS))
    this.#lastStep = step
    const takenFromMs = (step - 1) * STEP_SECONDS * 1000
    // A timer may fire a little before its time by this clock.
    while (Date.now() < takenFromMs) await new Promise((resolve) => setTimeout(resolve, takenFromMs - Date.now()))
    return totpCode(this.#secret, step * STEP_SECONDS * 1000)
  }
}

function fromBase32(text: string): Buffer {
  let bits = 0
  let value = 0
  const bytes: number[] = []
  for (const character of text.replace(/=+$/, '').toUpperCase()) {
    const index = ALPHABET.indexOf(character)
    if (index < 0) throw new RangeError('not base32')
    value = ((value << 5) | index) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >>> bits) & 0xff)
    }
  }
  return Buffer.from(bytes)
}
