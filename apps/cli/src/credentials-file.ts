import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import { describeError, errorCode, Secret } from '@sallyport/foundation'

import { UsageError } from './cli-error.ts'

/** What a sign-in leaves behind. */
export interface Credentials {
  readonly server: string
  readonly tokenId: string
  readonly token: Secret<string>
}

/** The file that keeps a sign-in between commands; only its owner can read it. */
export class CredentialsFile {
  readonly path: string

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const configured = environment['XDG_CONFIG_HOME']
    const home = environment['HOME'] ?? homedir()
    // The XDG specification has relative paths ignored.
    const base = configured?.startsWith('/') === true ? configured : join(home, '.config')
    this.path = join(base, 'sallyport', 'credentials.json')
  }

  /** Gives `undefined` when nobody is signed in; throws when the file cannot be read as what it should be. */
  async load(): Promise<Credentials | undefined> {
    try {
      return parse(await readFile(this.path, 'utf8'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw new UsageError(`${this.path} cannot be read (${describeError(error)}). Delete it and sign in again.`)
    }
  }

  /** Replaces the file as a whole. */
  async save({ server, tokenId, token }: Credentials): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
    const text = JSON.stringify({ server, tokenId, token: token.reveal() }, undefined, 2)
    await writeFile(`${this.path}.partial`, `${text}\n`, { mode: 0o600 })
    await chmod(`${this.path}.partial`, 0o600)
    await rename(`${this.path}.partial`, this.path)
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true })
  }
}

function parse(text: string): Credentials {
  const parsed: unknown = JSON.parse(text)
  const fields = new Map<string, unknown>(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [])
  const [server, tokenId, token] = ['server', 'tokenId', 'token'].map((name) => fields.get(name))
  if (typeof server !== 'string' || typeof tokenId !== 'string' || typeof token !== 'string')
    throw new TypeError('a field is missing')
  return { server, tokenId, token: new Secret(token) }
}
