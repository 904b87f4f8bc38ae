import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const ID_BYTES = 16
const SECRET_BYTES = 32
/** A prefix of its own lets scanners of repositories and logs find tokens that leaked. */
const TEXT = /^sp_(?<ids>[A-Za-z0-9_-]{43})_(?<secret>[A-Za-z0-9_-]{43})$/

/** What the text of a token says; nothing of it is proven. */
export interface ClaimedToken {
  readonly tenantId: string
  readonly tokenId: string
  /** Hexadecimal. */
  readonly secretSha256: string
}

/** Makes the text of a token: `sp_`, the tenant's and the token's id, and a secret of 256 bits of which only the digest is kept. */
export function createTokenText(tenantId: string, tokenId: string): { text: string; secretSha256: string } {
  const ids = Buffer.concat([bytesOf(tenantId), bytesOf(tokenId)]).toString('base64url')
  const secret = randomBytes(SECRET_BYTES)
  return { text: `sp_${ids}_${secret.toString('base64url')}`, secretSha256: sha256(secret) }
}

/** Reads the text of a token; `undefined` when it is none. */
export function readTokenText(text: string): ClaimedToken | undefined {
  const { ids, secret } = TEXT.exec(text)?.groups ?? {}
  if (ids === undefined || secret === undefined) return undefined
  const bytes = Buffer.from(ids, 'base64url')
  return {
    tenantId: uuidOf(bytes.subarray(0, ID_BYTES)),
    tokenId: uuidOf(bytes.subarray(ID_BYTES)),
    secretSha256: sha256(Buffer.from(secret, 'base64url')),
  }
}

/** Compares two digests without telling by its time where they differ. */
export function isSameDigest(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')]
  return a.length === b.length && timingSafeEqual(a, b)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
