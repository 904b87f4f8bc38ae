import { createHash, randomBytes, X509Certificate } from 'node:crypto'

const FORMAT = 'sp1'
const SECRET_BYTES = 32
const TOKEN_PATTERN = /^sp1\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/

/** What a join token says, without its secret. */
export interface JoinToken {
  /** Hex SHA-256 of the secret: what the issuer keeps to recognise the token. */
  readonly secretSha256: string
  /** Hex SHA-256 of the cluster CA's DER: whom the new service may trust. */
  readonly clusterCaSha256: string
}

/**
 * Makes a join token, `sp1.<base64url secret>.<hex SHA-256 of the cluster CA>`, of 256 random bits. The text is given to
 * the new service once; only `secretSha256` is stored.
 */
export function createJoinToken(clusterCaPem: string): JoinToken & { readonly text: string } {
  const secret = randomBytes(SECRET_BYTES)
  const clusterCaSha256 = certificateSha256(clusterCaPem)
  return {
    text: `${FORMAT}.${secret.toString('base64url')}.${clusterCaSha256}`,
    secretSha256: sha256(secret),
    clusterCaSha256,
  }
}

/** Reads a join token; `undefined` when it is not one. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, secret, clusterCaSha256] = TOKEN_PATTERN.exec(text) ?? []
  if (secret === undefined || clusterCaSha256 === undefined) return undefined
  return { secretSha256: sha256(Buffer.from(secret, 'base64url')), clusterCaSha256 }
}

/** Gives the hex SHA-256 of a PEM certificate's DER; throws when it is no certificate. */
export function certificateSha256(pem: string): string {
  return sha256(new X509Certificate(pem).raw)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
