import { chownSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { ManagedProcess } from './child-process.ts'
import { type ProcessOwner, unprivilegedOwner } from './process-owner.ts'
import { endStaleProcess, readPid } from './stale-process.ts'

const START_TIMEOUT_MS = 30_000

export interface LocalRedisOptions {
  /** Folder for everything of this server; made when it is missing. The folder above it must be enterable by others. */
  readonly directory: string
  /** False: nothing is written to disk, and a restart begins empty. */
  readonly durable: boolean
  readonly logFile?: string | undefined
}

/** The system's `redis-server` as a child process on a unix socket that only its owner and root can reach. */
export class LocalRedis implements AsyncDisposable {
  readonly #options: LocalRedisOptions
  readonly #directory: string
  readonly #owner: ProcessOwner | undefined = unprivilegedOwner()
  #process: ManagedProcess | undefined

  private constructor(options: LocalRedisOptions) {
    this.#options = options
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    this.#directory = realpathSync(options.directory)
  }

  /** Ends a server that a killed run left on this folder, and starts one. */
  static async start(options: LocalRedisOptions): Promise<LocalRedis> {
    const server = new LocalRedis(options)
    if (server.#owner) chownSync(server.#directory, server.#owner.uid, server.#owner.gid)
    const pid = readPid(server.#pidFile)
    const isOurs = (args: readonly string[]): boolean =>
      args.some((argument) => argument.includes('redis-server')) &&
      args.some((argument) => argument.includes(server.#socket))
    if (pid !== undefined) await endStaleProcess(pid, isOurs, 'SIGTERM')
    await server.start()
    return server
  }

  /** Address as ioredis reads it. */
  get url(): string {
    return `unix://${this.#socket}`
  }

  /** Starts the stopped server again on the same socket; durable data comes back. */
  async start(): Promise<void> {
    if (this.#process?.running === true) return
    rmSync(this.#socket, { force: true })
    const persistence = this.#options.durable
      ? ['--appendonly', 'yes', '--dir', this.#directory]
      : ['--appendonly', 'no']
    this.#process = new ManagedProcess({
      name: 'Redis',
      file: 'redis-server',
      args: [
        '--port',
        '0',
        '--unixsocket',
        this.#socket,
        '--unixsocketperm',
        '700',
        '--pidfile',
        this.#pidFile,
        '--save',
        '',
        ...persistence,
      ],
      cwd: '/',
      owner: this.#owner,
      stopSignal: 'SIGTERM',
      logFile: this.#options.logFile,
    })
    await this.#process.waitForLine(/Ready to accept connections|ready to accept connections/, START_TIMEOUT_MS)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #socket(): string {
    return join(this.#directory, 'redis.sock')
  }

  get #pidFile(): string {
    return join(this.#directory, 'redis.pid')
  }
}
