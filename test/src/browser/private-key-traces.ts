import { createPrivateKey } from 'node:crypto'

/** Base64 letters at either end that depend on what stands beside the bytes. */
const EDGE = 2

/**
 * Finds a private key in bytes, in whatever form it travels: as PEM, PKCS #8, SEC 1 or JWK (all of them have the private
 * number inside), raw or written in base64 (either alphabet, at any offset, also twice), base64 in lines, hexadecimal or
 * decimal numbers; and in texts that are escaped for JSON or for addresses. Gives the forms that were found.
 */
export function tracesOfPrivateKey(privateKeyPem: string, sent: Buffer): readonly string[] {
  const { d = '' } = createPrivateKey(privateKeyPem).export({ format: 'jwk' })
  const secret = Buffer.from(d, 'base64url')
  const texts = readings(sent.toString('latin1'))
  const found = Object.entries(formsOf(secret, privateKeyPem))
    .filter(([, forms]) => forms.some((form) => texts.some((text) => text.includes(form))))
    .map(([name]) => name)
  if (sent.includes(secret)) found.push('bytes')
  if (texts.some((text) => text.includes('PRIVATEKEY'))) found.push('PEM')
  return found
}

/** A text as it is, and with what escapes hide taken away; without white space, which breaks long lines. */
function readings(text: string): readonly string[] {
  const withoutSpace = (read: string): string => read.replaceAll(/\\r|\\n|\s/g, '')
  const percent = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const escaped = text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return [text, percent, escaped].map((read) => withoutSpace(read).replaceAll('PRIVATE+KEY', 'PRIVATEKEY'))
}

function formsOf(secret: Buffer, pem: string): Readonly<Record<string, readonly string[]>> {
  const base64 = encodings(secret)
  const body = pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const [line = ''] = pem.split('\n').filter((text) => text.length >= 64 && !text.startsWith('-'))
  return {
    base64: [...base64, ...base64.map(toUrlAlphabet)],
    'base64 of a text': [...encodings(Buffer.from(line)), ...base64.flatMap((text) => encodings(Buffer.from(text)))],
    hexadecimal: [secret.toString('hex'), secret.toString('hex').toUpperCase()],
    numbers: [secret.join(',')],
    'PEM without its lines': [body],
  }
}

/** The base64 letters that bytes give for certain, at each of the three offsets in which they can stand in longer ones. */
function encodings(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '')
    return text.slice(offset === 0 ? 0 : offset + 1, -EDGE)
  })
}

function toUrlAlphabet(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_')
}
