import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

import { SallyportError, Secret } from '@sallyport/foundation'

// A sealed secret: version (1) ‖ nonce (12) ‖ ciphertext ‖ GCM tag (16).
const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + NONCE_BYTES
const KEY_BYTES = 32
const CIPHER = 'aes-256-gcm'

/** A sealed secret that does not open: the key is another one, or the row was damaged or moved. */
export class SealedSecretError extends SallyportError {
  constructor(purpose: string, identity: string, cause?: unknown) {
    const message = `the sealed ${purpose} of ${identity} cannot be opened: wrong key or damaged row`
    super('sealed-secret-unreadable', message, { cause })
  }
}

/** Reads the master key from its configured form, base64 of 32 bytes; throws `bad-master-key` that says how to make one. */
export function parseMasterKey(text: Secret<string>): Secret<Uint8Array> {
  const bytes = Buffer.from(text.reveal(), 'base64')
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== text.reveal()) {
    throw new SallyportError('bad-master-key', 'the master key must be base64 of 32 bytes: openssl rand -base64 32')
  }
  return new Secret(new Uint8Array(bytes))
}

/** Derives the key that seals secrets of one purpose (HKDF-SHA256, RFC 5869), 32 bytes. */
export function deriveSealingKey(rootKey: Secret<Uint8Array>, purpose: string): Secret<Uint8Array> {
  const info = `sallyport sealed secret ${String(VERSION)} ${purpose}`
  return new Secret(new Uint8Array(hkdfSync('sha256', rootKey.reveal(), new Uint8Array(), info, KEY_BYTES)))
}

/**
 * Seals a secret for a row of the database. `purpose` names the kind of secret and `identity` the row: a sealed secret
 * opens only under the same two, so that rows cannot be swapped.
 */
export function seal(
  rootKey: Secret<Uint8Array>,
  purpose: string,
  identity: string,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, deriveSealingKey(rootKey, purpose).reveal(), nonce)
  cipher.setAAD(additionalData(purpose, identity))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return new Uint8Array(Buffer.concat([Uint8Array.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]))
}

/** Opens what `seal` made; throws `SealedSecretError`. The caller wipes the plaintext when it is done. */
export function open(
  rootKey: Secret<Uint8Array>,
  purpose: string,
  identity: string,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) throw new SealedSecretError(purpose, identity)
  const key = deriveSealingKey(rootKey, purpose).reveal()
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(1, HEADER_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(additionalData(purpose, identity))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plaintext = decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES))
    return new Uint8Array(Buffer.concat([plaintext, decipher.final()]))
  } catch (cause) {
    throw new SealedSecretError(purpose, identity, cause)
  }
}

/** JSON keeps the two strings apart whatever they contain. */
function additionalData(purpose: string, identity: string): Buffer {
  return Buffer.from(JSON.stringify([purpose, identity]))
}
