import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { ManagedProcess } from '@sallyport/local-services'

import { challengeOf, type ClientChallenge } from './client-challenge.ts'
import type { Namespace } from './netns.ts'

/** How to start the client; the profile stays as it was downloaded. */
export interface OpenVpnClientOptions {
  readonly namespace: Namespace
  /** Text of the .ovpn file, `<key>` included. */
  readonly profile: string
  readonly username: string
  readonly password: string
  /** Gives a code whenever the client asks for one (static challenge). */
  readonly otp?: () => Promise<string>
  /**
   * Answers what the server asks in the middle of connecting: a dynamic challenge (CRV1; only with `auth-retry`, for
   * the client connects again with the answer) or CR_TEXT (only with `setenv IV_SSO crtext`).
   */
  readonly answer?: (challenge: ClientChallenge) => Promise<string>
  readonly extraArgs?: readonly string[]
}

/** Addresses of an established tunnel, as the client's management interface tells them. */
export interface ConnectedState {
  readonly ipv4: string
  readonly ipv6: string | undefined
  readonly remote: string
}

/**
 * `openvpn`, driven through its management interface (management-notes.txt of OpenVPN): Debian's, or the program that
 * the environment variable OPENVPN_CLIENT names.
 */
export class OpenVpnClient implements AsyncDisposable {
  readonly #options: OpenVpnClientOptions
  readonly #directory: string
  readonly #server: Server
  readonly #process: ManagedProcess
  readonly #events: string[] = []
  readonly #waiting = new Set<() => void>()
  #prompts = 0
  readonly #challenges: ClientChallenge[] = []
  #challenge: ClientChallenge | undefined

  private constructor(options: OpenVpnClientOptions, directory: string, server: Server) {
    this.#options = options
    this.#directory = directory
    this.#server = server
    server.on('connection', (socket) => {
      this.#converse(socket)
    })
    const management = ['--management', join(directory, 'management'), 'unix', '--management-client']
    this.#process = new ManagedProcess({
      name: 'openvpn',
      file: process.env['OPENVPN_CLIENT'] ?? 'openvpn',
      args: [
        '--config',
        join(directory, 'client.ovpn'),
        ...management,
        '--management-query-passwords',
        ...(options.extraArgs ?? []),
      ],
      namespace: options.namespace.name,
      cwd: directory,
      stopSignal: 'SIGTERM',
    })
    void this.#process.exited.then((outcome) => {
      this.#record(`>EXITED:${outcome}`)
    })
  }

  /** Starts the client and returns at once; wait for what it does by the methods below. */
  static async start(options: OpenVpnClientOptions): Promise<OpenVpnClient> {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-client-'))
    await writeFile(join(directory, 'client.ovpn'), options.profile, { mode: 0o600 })
    const server = createServer()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    server.listen(join(directory, 'management'), () => {
      resolve(undefined)
    })
    await promise
    return new OpenVpnClient(options, directory, server)
  }

  /** How often the client asked its user for credentials. */
  get promptCount(): number {
    return this.#prompts
  }

  /** What the server asked in the middle of connecting. */
  get challenges(): readonly ClientChallenge[] {
    return this.#challenges
  }

  /** Every management event and output line since the start. */
  get events(): readonly string[] {
    return this.#events
  }

  get running(): boolean {
    return this.#process.running
  }

  /** The client's process, for signals such as SIGUSR1 (reconnect) and SIGUSR2 (statistics). */
  get process(): ManagedProcess {
    return this.#process
  }

  /** A position in the events, from which a later wait may begin. */
  get mark(): number {
    return this.#events.length
  }

  /** Waits until the tunnel is up; fails at once when the client gives up. */
  async waitForConnected(timeoutMs = 30_000, since = 0): Promise<ConnectedState> {
    const event = await this.waitForEvent(/^>STATE:\d+,CONNECTED,SUCCESS,/, timeoutMs, since)
    const [, , , ipv4 = '', remote = '', port = '', , , ipv6 = ''] = event.split(',')
    return { ipv4, ipv6: ipv6 === '' ? undefined : ipv6, remote: `${remote}:${port}` }
  }

  /** Waits until the server refuses the credentials, and gives the reason that the user sees (empty when it gave none). */
  async waitForFailure(timeoutMs = 30_000, since = 0): Promise<string> {
    const event = await this.waitForEvent(/AUTH_FAILED/, timeoutMs, since)
    return /AUTH_FAILED,(.*?)'?$/.exec(event)?.[1] ?? ''
  }

  /** Waits for an event or a line of output, past ones from `since` on included. */
  async waitForEvent(pattern: RegExp, timeoutMs: number, since = 0): Promise<string> {
    const deadline = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const found = this.#events.slice(since).find((event) => pattern.test(event))
      if (found !== undefined) return found
      if (deadline.aborted || !this.#process.running) {
        const problem = deadline.aborted ? `within ${String(timeoutMs)} ms` : 'before the client ended'
        throw new Error(
          `openvpn: nothing matched ${String(pattern)} ${problem}; last events:\n${this.#events.slice(-25).join('\n')}`,
        )
      }
      await this.#nextEvent(deadline)
    }
  }

  /** Ends the client as its user would (the server gets an explicit exit notice when the profile asks for it). */
  async stop(): Promise<void> {
    await this.#process.stop()
  }

  /** Ends it without a word to the server. */
  async kill(): Promise<void> {
    await this.#process.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    this.#server.close()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #nextEvent(deadline: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const wake = (): void => {
      resolve(undefined)
    }
    this.#waiting.add(wake)
    deadline.addEventListener('abort', wake, { once: true })
    await promise
    this.#waiting.delete(wake)
    deadline.removeEventListener('abort', wake)
  }

  #record(event: string): void {
    this.#events.push(event)
    for (const wake of this.#waiting) wake()
  }

  #converse(socket: Socket): void {
    socket.on('error', () => undefined)
    socket.write('state on\nlog on all\n')
    createInterface({ input: socket }).on('line', (line) => {
      // The token is a credential; what is recorded is printed when a test fails.
      this.#record(line.startsWith('>PASSWORD:Auth-Token:') ? '>PASSWORD:Auth-Token' : line)
      const challenge = challengeOf(line)
      if (challenge) this.#challenges.push(challenge)
      if (challenge?.kind === 'text') void this.#respond(socket, challenge)
      else if (challenge) this.#challenge = challenge
      if (line.startsWith(">PASSWORD:Need 'Auth'")) void this.#answer(socket, line.includes(' SC:'))
    })
  }

  async #respond(socket: Socket, challenge: ClientChallenge): Promise<void> {
    const response = (await this.#options.answer?.(challenge)) ?? ''
    socket.write(`cr-response ${Buffer.from(response).toString('base64')}\n`)
  }

  async #answer(socket: Socket, challenged: boolean): Promise<void> {
    const challenge = this.#challenge
    this.#challenge = undefined
    if (challenge?.kind === 'dynamic') {
      const response = (await this.#options.answer?.(challenge)) ?? ''
      sendCredentials(socket, challenge.username, `CRV1::${challenge.stateId}::${response}`)
      return
    }
    this.#prompts++
    const { username, password, otp } = this.#options
    const response = challenged ? ((await otp?.()) ?? '') : undefined
    const encode = (text: string): string => Buffer.from(text).toString('base64')
    const secret = response === undefined ? password : `SCRV1:${encode(password)}:${encode(response)}`
    sendCredentials(socket, username, secret)
  }
}

function sendCredentials(socket: Socket, username: string, password: string): void {
  socket.write(`username "Auth" ${quote(username)}\npassword "Auth" ${quote(password)}\n`)
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
