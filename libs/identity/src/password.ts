import { randomBytes } from 'node:crypto'

import { SallyportError } from '@sallyport/foundation'

import { PasswordsBusyError, PasswordThreads } from './password-threads.ts'

/** OWASP's argon2id parameters: 19 MiB, two passes, one lane. Written as in the PHC string. */
const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
const PARAMETERS = `$argon2id$v=19$m=${String(MEMORY_KIB)},t=${String(PASSES)},p=${String(LANES)}$`
const SALT_BYTES = 16
const HASH_BYTES = 32

/** A well-formed hash that no password has: its salt and its result are random. */
const HASH_OF_NOBODY = `${PARAMETERS}${unpaddedBase64(SALT_BYTES)}$${unpaddedBase64(HASH_BYTES)}`

/** One for the process: processors are shared by all who ask. */
const threads = new PasswordThreads()

/**
 * Hashes a password with argon2id; the result is a PHC string with its own salt and parameters. Throws
 * `PasswordsBusyError` when too many wait already.
 */
export async function hashPassword(password: string): Promise<string> {
  const options = { memoryCost: MEMORY_KIB, timeCost: PASSES, parallelism: LANES, outputLen: HASH_BYTES }
  return String(await threads.run({ kind: 'hash', password: comparable(password), options }))
}

/**
 * Says whether the password belongs to the hash. Without a hash the answer is false after the same work: for a user who
 * does not exist or has no password, so that the time of the answer does not tell. Throws `bad-password-hash` when the
 * hash is no argon2 PHC string, and `PasswordsBusyError` when too many wait already.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  try {
    const task = {
      kind: 'verify',
      passwordHash: passwordHash ?? HASH_OF_NOBODY,
      password: comparable(password),
    } as const
    return (await threads.run(task)) === true && passwordHash !== null
  } catch (cause) {
    if (cause instanceof PasswordsBusyError) throw cause
    throw new SallyportError('bad-password-hash', 'a stored password hash cannot be read', { cause })
  }
}

/** Says whether a hash was made with other parameters than today's; the caller re-hashes at the next right password. */
export function needsRehash(passwordHash: string): boolean {
  return !passwordHash.startsWith(PARAMETERS)
}

/** NIST SP 800-63B §5.1.1.2: the same password typed on two systems may arrive in different Unicode forms. */
function comparable(password: string): string {
  return password.normalize('NFKC')
}

function unpaddedBase64(bytes: number): string {
  return randomBytes(bytes).toString('base64').replace(/=+$/, '')
}
