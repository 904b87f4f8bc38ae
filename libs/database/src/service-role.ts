import { createHash, createHmac, hkdfSync, pbkdf2Sync, randomBytes } from 'node:crypto'

import { describeError, Secret } from '@sallyport/foundation'
import pg from 'pg'

import { DatabaseError } from './database-error.ts'

/** The role that the running service uses: no superuser, owner of nothing, bound by row-level security. */
export const SERVICE_ROLE = 'sallyport_service'

const PASSWORD_PURPOSE = 'sallyport database role v1'
const SCRAM_ITERATIONS = 4096
const ATTEMPTS = 5

/**
 * Derives the service role's password from the data key: every instance knows it, nobody has to keep it, and it stays
 * the same while the master key is changed.
 */
export function servicePassword(dataKey: Uint8Array): Secret<string> {
  return new Secret(Buffer.from(hkdfSync('sha256', dataKey, '', PASSWORD_PURPOSE, 32)).toString('base64url'))
}

/** Replaces the user and password of the owner's URL by the service role's. */
export function serviceUrl(ownerUrl: string, password: Secret<string>): Secret<string> {
  const [scheme, rest] = [/^postgres(?:ql)?:\/\//.exec(ownerUrl)?.[0] ?? '', ownerUrl.replace(/^[a-z]+:\/\//, '')]
  const location = rest.replace(/^[^/?#]*@/, '')
  return new Secret(`${scheme}${SERVICE_ROLE}:${password.reveal()}@${location}`)
}

/**
 * Gives the service role its password, unless it has it. The server gets a SCRAM verifier and so cannot log the password.
 * The role belongs to the whole server: another instance may set the same password at the same moment.
 */
export async function ensureServiceLogin(owner: pg.Client, ownerUrl: string, password: Secret<string>): Promise<void> {
  await refusePowerfulRole(owner)
  const url = serviceUrl(ownerUrl, password)
  for (let attempt = 1; !(await canSignIn(url)); attempt += 1) {
    try {
      await owner.query(`ALTER ROLE ${SERVICE_ROLE} PASSWORD '${scramVerifier(password.reveal())}'`)
    } catch (error) {
      if (attempt < ATTEMPTS && describeError(error).includes('concurrently updated')) continue
      throw new DatabaseError(
        'database-role-unusable',
        `the user of DATABASE_URL cannot set the password of the role ${SERVICE_ROLE} (${describeError(error)}): ` +
          `it needs CREATEROLE, and from PostgreSQL 16 on ADMIN OPTION on ${SERVICE_ROLE}`,
        error,
      )
    }
    if (attempt >= ATTEMPTS) {
      throw new DatabaseError(
        'database-role-unusable',
        `the role ${SERVICE_ROLE} has its password and still cannot sign in; look at the server's pg_hba.conf`,
      )
    }
  }
}

async function refusePowerfulRole(owner: pg.Client): Promise<void> {
  const found = await owner.query<{ powerful: boolean }>(
    'SELECT rolsuper OR rolbypassrls OR NOT rolcanlogin AS powerful FROM pg_roles WHERE rolname = $1',
    [SERVICE_ROLE],
  )
  if (found.rows[0]?.powerful !== false) {
    throw new DatabaseError(
      'database-role-unusable',
      `the role ${SERVICE_ROLE} must exist with LOGIN NOSUPERUSER NOBYPASSRLS, or it would pass row-level security`,
    )
  }
}

async function canSignIn(url: Secret<string>): Promise<boolean> {
  const client = new pg.Client({ connectionString: url.reveal(), connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

/** RFC 5803 verifier as PostgreSQL stores it; the password must be printable ASCII, so that SASLprep changes nothing. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256')
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const serverKey = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${String(SCRAM_ITERATIONS)}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
