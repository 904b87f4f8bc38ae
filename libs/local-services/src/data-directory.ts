import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'

import { Secret } from '@sallyport/foundation'

import { DataDirectoryError } from './embedded-postgres.ts'
import { canReach, unprivilegedOwner } from './process-owner.ts'

const FORMAT = '1'
const FORMAT_FILE = 'format'
const FOLDERS = ['secrets', 'identity', 'logs', 'pids', 'captures'] as const
const DATABASES_OUTSIDE = '/var/lib/sallyport'

/**
 * Folder with everything that one local installation keeps: secrets, service identities, databases, logs. Each folder in
 * it is closed to other users. A folder that is not ours, not complete, or newer than this program is refused untouched.
 */
export class DataDirectory {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Opens the folder; makes it when it is missing or empty. */
  static open(path: string): DataDirectory {
    const directory = new DataDirectory(resolve(path))
    mkdirSync(directory.path, { recursive: true, mode: 0o711 })
    directory.#checkFormat()
    chmodSync(directory.path, 0o711)
    for (const folder of FOLDERS) mkdirSync(join(directory.path, folder), { recursive: true, mode: 0o700 })
    return directory
  }

  file(folder: (typeof FOLDERS)[number], name: string): string {
    return join(this.path, folder, name)
  }

  /** Keeps a secret in a file (0600), which is never half-written, and gives the file's path for a `NAME_FILE` setting. */
  writeSecret(name: string, value: string): string {
    const file = this.file('secrets', name)
    writeFileSync(`${file}.partial`, `${value}\n`, { mode: 0o600 })
    renameSync(`${file}.partial`, file)
    return file
  }

  /**
   * Path of a secret that is made once. When `existing` says that data sealed with it are there, a missing file is an
   * error: another secret would never open them.
   */
  ensureSecret(name: string, bytes: number, encoding: 'base64' | 'base64url', existing: boolean): string {
    const file = this.file('secrets', name)
    if (existsSync(file)) return file
    if (existing) {
      throw new DataDirectoryError(
        'secret-missing',
        `${file} is missing, but there is a database that needs it. Put the file back from a backup, or move ${this.path} away to begin with new data.`,
      )
    }
    return this.writeSecret(name, randomBytes(bytes).toString(encoding))
  }

  readSecret(name: string): Secret<string> {
    return new Secret(readFileSync(this.file('secrets', name), 'utf8').trim())
  }

  /** Deletes a secret that has done its work; there need not be one. */
  removeSecret(name: string): void {
    rmSync(this.file('secrets', name), { force: true })
  }

  /** True when the services' database was already made here. */
  get hasDatabase(): boolean {
    return existsSync(join(this.path, 'postgres', 'data'))
  }

  /**
   * Folder for a database server. It lies here, except when the unprivileged user who runs the server cannot enter
   * (below a 0700 home folder): then a link leads to a new folder in /var/lib/sallyport.
   */
  databaseFolder(name: 'postgres' | 'redis'): string {
    const folder = join(this.path, name)
    const link = lstatSync(folder, { throwIfNoEntry: false })
    if (link?.isSymbolicLink() === true && !existsSync(folder)) {
      throw new DataDirectoryError(
        'database-missing',
        `${folder} leads to ${readlinkSync(folder)}, which is missing. Put it back from a backup, or move ${this.path} away to begin with new data.`,
      )
    }
    if (!link && !canReach(this.path, 'execute', unprivilegedOwner())) {
      mkdirSync(DATABASES_OUTSIDE, { recursive: true, mode: 0o711 })
      symlinkSync(mkdtempSync(join(DATABASES_OUTSIDE, `${name}-`)), folder)
    }
    return folder
  }

  #checkFormat(): void {
    const marker = join(this.path, FORMAT_FILE)
    if (existsSync(marker)) {
      const format = readFileSync(marker, 'utf8').trim()
      if (format === FORMAT) return
      throw new DataDirectoryError(
        'other-format',
        `${this.path} has format ${JSON.stringify(format)} and this version of Sallyport reads ${FORMAT}. Use the version that wrote it, or choose another data directory.`,
      )
    }
    const found = readdirSync(this.path)
    if (found.some((name) => name !== `${FORMAT_FILE}.partial`)) {
      throw new DataDirectoryError(
        'not-ours',
        `${this.path} is not a data directory of Sallyport (it has ${basename(found[0] ?? '')} but no file "${FORMAT_FILE}"). Choose an empty or new folder.`,
      )
    }
    writeFileSync(`${marker}.partial`, `${FORMAT}\n`)
    renameSync(`${marker}.partial`, marker)
  }
}
