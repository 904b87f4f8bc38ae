import { createHash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
const TOKEN = /^([\w-]{22})\.([\w-]{43})$/

/** What the text of a link says: whose row to look for. The secret is known by its digest only. */
export interface LinkToken {
  readonly tenantId: string
  /** SHA-256 in hexadecimal. */
  readonly secretSha256: string
}

/** Makes the text of a new link: the tenant, so that its rows can be opened, and 32 random bytes. */
export function createLinkToken(tenantId: string): LinkToken & { readonly token: string } {
  const tenant = Buffer.from(tenantId.replaceAll('-', ''), 'hex').toString('base64url')
  const secret = randomBytes(SECRET_BYTES)
  return { token: `${tenant}.${secret.toString('base64url')}`, tenantId, secretSha256: sha256(secret) }
}

/** Reads the text of a link; `undefined` when it cannot be one. */
export function parseLinkToken(token: string): LinkToken | undefined {
  const [, tenant, secret] = TOKEN.exec(token) ?? []
  if (tenant === undefined || secret === undefined) return undefined
  const hex = Buffer.from(tenant, 'base64url').toString('hex')
  const tenantId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { tenantId, secretSha256: sha256(Buffer.from(secret, 'base64url')) }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
