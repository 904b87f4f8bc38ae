import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { type ApiClient, createApiClient, type SessionCookie } from '@sallyport/api-client'
import { describeError, Secret } from '@sallyport/foundation'

import { UsageError } from './cli-error.ts'
import type { Credentials, CredentialsFile } from './credentials-file.ts'
import type { Terminal } from './terminal.ts'

/** The options that every command has. */
export interface GlobalOptions {
  readonly server?: string
  readonly tokenFile?: string
  readonly ca?: string
  readonly json?: boolean
}

/** Sends requests; the network itself where it is not given. */
export type Fetch = (request: Request) => Promise<Response>

/** Finds out which server is meant and who asks. */
export class Connection {
  readonly #terminal: Terminal
  readonly #options: GlobalOptions
  readonly #file: CredentialsFile
  readonly #fetch: Fetch | undefined

  constructor(terminal: Terminal, options: GlobalOptions, file: CredentialsFile, fetch?: Fetch) {
    this.#terminal = terminal
    this.#options = options
    this.#file = file
    this.#fetch = fetch
  }

  /** A client for somebody who is signed in or has a token. */
  async open(): Promise<ApiClient> {
    const stored = await this.#file.load()
    const token = await this.#token(stored)
    if (token === undefined) throw new UsageError('You are not signed in. Type: sallyport sign-in --server https://…')
    const server = this.#server(stored)
    // A token is for the server that made it; another one would only learn it.
    if (token === stored?.token && server !== stored.server)
      throw new UsageError(`You are signed in at ${stored.server}. Type: sallyport sign-in --server ${server}`)
    return this.#client(server, { token })
  }

  /** A client without anybody, for a sign-in. */
  async openFor(session: SessionCookie): Promise<{ api: ApiClient; server: string }> {
    const server = this.#server(this.#given === undefined ? await this.#file.load() : undefined)
    return { api: await this.#client(server, { session }), server }
  }

  async #client(server: string, caller: { token?: Secret<string>; session?: SessionCookie }): Promise<ApiClient> {
    await this.#trust(this.#options.ca ?? this.#terminal.environment['SALLYPORT_CA'])
    return createApiClient({ baseUrl: server, ...caller, ...(this.#fetch === undefined ? {} : { fetch: this.#fetch }) })
  }

  /** The server that the command line or the environment names. */
  get #given(): string | undefined {
    return this.#options.server ?? this.#terminal.environment['SALLYPORT_SERVER']
  }

  #server(stored: Credentials | undefined): string {
    const given = this.#given ?? stored?.server
    if (given === undefined) throw new UsageError('Say which server: --server https://… or SALLYPORT_SERVER.')
    const url = URL.parse(given)
    if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`"${given}" is no https address.`)
    if (url.protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(url.hostname))
      throw new UsageError(`${given} would send secrets in the clear. Give the https address.`)
    return given.replace(/\/+$/, '')
  }

  async #token(stored: Credentials | undefined): Promise<Secret<string> | undefined> {
    const { tokenFile } = this.#options
    if (tokenFile !== undefined) return new Secret((await readText(tokenFile)).trim())
    const given = this.#terminal.environment['SALLYPORT_TOKEN']
    return given === undefined || given === '' ? stored?.token : new Secret(given.trim())
  }

  async #trust(file: string | undefined): Promise<void> {
    if (file === undefined) return
    const pem = await readText(file)
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new UsageError(`${file} has no certificate in PEM.`)
    setDefaultCACertificates([...getCACertificates('default'), pem])
  }
}

/** Reads a file of text that the command line names; throws the sentence that names it. */
export async function readText(file: string): Promise<string> {
  return (await readBytes(file)).toString()
}

/** The same for a file that goes to the server as it is. */
export async function readBytes(file: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${describeError(error)}`)
  }
}
