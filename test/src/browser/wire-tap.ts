import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * The other end of a browser's wire: passes everything on to the portal and keeps every byte that the browser sends,
 * whatever makes the request, and also what is none.
 */
export class WireTap implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sent: Buffer[][] = []

  private constructor(server: Server, port: number) {
    this.#server = server
    server.on('connection', (browser) => {
      const bytes: Buffer[] = []
      this.#sent.push(bytes)
      browser.on('data', (part: Buffer) => bytes.push(part))
      this.#join(browser, connect({ host: '127.0.0.1', port }))
    })
  }

  /** Listens at a Unix socket for what goes to the portal. */
  static async at(socket: string, publicUrl: string): Promise<WireTap> {
    const server = createServer()
    const tap = new WireTap(server, Number(new URL(publicUrl).port))
    server.listen(socket)
    await once(server, 'listening')
    return tap
  }

  /** What was sent so far, or since `forget`, one piece for each connection. */
  get sent(): readonly Buffer[] {
    return this.#sent.map((parts) => Buffer.concat(parts))
  }

  /** Begins anew to keep what is sent. */
  forget(): void {
    for (const parts of this.#sent) parts.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(browser: Socket, service: Socket): void {
    for (const [socket, other] of [
      [browser, service],
      [service, browser],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}
