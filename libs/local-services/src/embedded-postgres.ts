import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { SallyportError } from '@sallyport/foundation'
import pg from 'pg'

import { ManagedProcess } from './child-process.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { canReach, type ProcessOwner, unprivilegedOwner } from './process-owner.ts'
import { endStaleProcess, readPid } from './stale-process.ts'

/** Superuser of an embedded server; it owns the databases and applies migrations. */
export const DATABASE_OWNER = 'sallyport_owner'

const MAJOR_VERSION = '18'
const START_TIMEOUT_MS = 60_000
/** Longest path of a unix socket (`sun_path`, unix(7)) less PostgreSQL's file name in it. */
const MAX_SOCKET_DIRECTORY_BYTES = 90

/** A data directory that this PostgreSQL cannot use; nothing in it was changed and the message says what to do. */
export class DataDirectoryError extends SallyportError {}

export interface EmbeddedPostgresOptions {
  /** Folder for everything of this server; made when it is missing. The folder above it must be enterable by others. */
  readonly directory: string
  /** False for throw-away data: no fsync. */
  readonly durable: boolean
  readonly logFile?: string | undefined
}

/**
 * PostgreSQL of the npm package as a child process: unix socket only, password required, unprivileged user. The data
 * survives `stop` and `kill`, and `start` runs it again on the same data and address.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly #options: EmbeddedPostgresOptions
  readonly #owner: ProcessOwner | undefined
  readonly #directory: string
  #process: ManagedProcess | undefined

  private constructor(options: EmbeddedPostgresOptions) {
    this.#options = options
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    this.#directory = realpathSync(options.directory)
    this.#owner = ownerOf(this.#directory)
  }

  /** Makes the data directory when there is none, ends a server that a killed run left on it, and starts one. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const server = new EmbeddedPostgres(options)
    await server.#prepare()
    await server.start()
    return server
  }

  /** Address of a database for `pg`, Prisma's adapter and libpq alike; contains the password. */
  url(database: string): string {
    const password = readFileSync(join(this.#directory, 'password'), 'utf8').trim()
    const url = new URL(`postgresql://${DATABASE_OWNER}:${password}@localhost/${database}`)
    url.searchParams.set('host', join(this.#directory, 'run'))
    return url.href
  }

  /** Makes a database unless it exists, and gives its address. */
  async createDatabase(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.url('postgres') })
    await client.connect()
    try {
      const existing = await client.query('select 1 from pg_database where datname = $1', [name])
      if (existing.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`)
    } finally {
      await client.end()
    }
    return this.url(name)
  }

  /** Starts the stopped server again. */
  async start(): Promise<void> {
    if (this.#process?.running === true) return
    const { postgres } = postgresBinaries(this.#owner)
    const durability = this.#options.durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
    const settings = [
      'listen_addresses=',
      `unix_socket_directories=${join(this.#directory, 'run')}`,
      'max_connections=100',
      'lc_messages=C',
      ...durability,
    ]
    this.#process = new ManagedProcess({
      name: 'PostgreSQL',
      file: postgres,
      args: ['-D', this.#data, ...settings.flatMap((setting) => ['-c', setting])],
      env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      cwd: '/',
      owner: this.#owner,
      stopSignal: 'SIGINT',
      logFile: this.#options.logFile,
    })
    await this.#process.waitForLine(/database system is ready to accept connections/, START_TIMEOUT_MS)
  }

  /** Closes every connection and writes all data. */
  async stop(): Promise<void> {
    await this.#process?.stop(30_000)
  }

  /** Ends it as a crash would; the next `start` recovers. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #data(): string {
    return join(this.#directory, 'data')
  }

  async #prepare(): Promise<void> {
    this.#ownedFolder(this.#directory)
    this.#ownedFolder(join(this.#directory, 'run'))
    if (Buffer.byteLength(join(this.#directory, 'run')) > MAX_SOCKET_DIRECTORY_BYTES) {
      throw new DataDirectoryError(
        'path-too-long',
        `${this.#directory} is too long for a unix socket: choose a folder with a shorter path`,
      )
    }
    if (!canReach(this.#directory, 'write', this.#owner)) {
      throw new DataDirectoryError(
        'not-reachable',
        `PostgreSQL runs as user ${String(this.#owner?.uid)} and cannot enter ${this.#directory}: choose a folder that others may enter (mode 0711)`,
      )
    }
    if (existsSync(this.#data)) await this.#takeOver()
    else await this.#initialise()
  }

  #ownedFolder(path: string): void {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (this.#owner) chownSync(path, this.#owner.uid, this.#owner.gid)
  }

  async #takeOver(): Promise<void> {
    const advice = `Move it away (or delete it, if you do not need its data) and start again.`
    for (const file of ['PG_VERSION', 'global/pg_control', '../password']) {
      if (existsSync(join(this.#data, file))) continue
      throw new DataDirectoryError(
        'incomplete',
        `${this.#data} is not a complete database of ours: ${resolve(this.#data, file)} is missing. ${advice}`,
      )
    }
    const version = readFileSync(join(this.#data, 'PG_VERSION'), 'utf8').trim()
    if (version !== MAJOR_VERSION) {
      throw new DataDirectoryError(
        'other-version',
        `${this.#data} was made by PostgreSQL ${version}, this is ${MAJOR_VERSION}. Dump it with version ${version} first. ${advice}`,
      )
    }
    const pidFile = join(this.#data, 'postmaster.pid')
    const pid = readPid(pidFile)
    if (pid === undefined) return
    const isOurs = (args: readonly string[]): boolean =>
      args.some((argument) => argument.endsWith('/postgres')) && args.includes(this.#data)
    await endStaleProcess(pid, isOurs, 'SIGINT', 30_000)
    rmSync(pidFile, { force: true })
  }

  /** Into a folder of another name that gets its name when it is complete, so that `data` is never half-written. */
  async #initialise(): Promise<void> {
    for (const name of readdirSync(this.#directory)) {
      if (name.startsWith('data.partial')) rmSync(join(this.#directory, name), { recursive: true })
    }
    const passwordFile = join(this.#directory, 'password')
    writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
    chmodSync(passwordFile, 0o600)
    if (this.#owner) chownSync(passwordFile, this.#owner.uid, this.#owner.gid)
    const partial = `${this.#data}.partial`
    const args = ['-D', partial, '-U', DATABASE_OWNER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const options = [
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-instructions',
      ...(this.#options.durable ? [] : ['--no-sync']),
    ]
    const { initdb } = postgresBinaries(this.#owner)
    await promisify(execFile)(initdb, [...args, ...options], {
      cwd: '/',
      env: { LC_ALL: 'C.UTF-8' },
      ...(this.#owner ?? {}),
    })
    renameSync(partial, this.#data)
  }
}

/** Data stays with the user who has it, also when another one would be chosen today. */
function ownerOf(path: string): ProcessOwner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = statSync(path)
  return uid === 0 ? unprivilegedOwner() : { uid, gid }
}
