import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

import { SMTPServer } from 'smtp-server'

/** Longer than the service waits before its second attempt. */
const COMES_WITHIN_MS = 8000
const LOOK_MS = 20

/** A mail as the server got it. */
export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and text, as they were sent. */
  readonly source: string
}

/** A real SMTP server on loopback that keeps what it gets. */
export class MailServer implements AsyncDisposable {
  readonly mails: ReceivedMail[] = []
  /** Answers the next mails with this status. */
  refuseWith: number | undefined
  refused = 0
  readonly #server: SMTPServer

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      onData: (stream, session, done) => {
        text(stream)
          .then((source) => {
            const refusal = this.refuseWith
            if (refusal !== undefined) {
              this.refused += 1
              done(
                Object.assign(new Error(`not now, ${session.envelope.rcptTo[0]?.address ?? ''}`), {
                  responseCode: refusal,
                }),
              )
              return
            }
            const { mailFrom, rcptTo } = session.envelope
            const from = mailFrom === false ? '' : mailFrom.address
            this.mails.push({ from, to: rcptTo.map(({ address }) => address), source })
            done()
          })
          .catch((error: unknown) => {
            done(error instanceof Error ? error : new Error('a mail could not be read'))
          })
      },
    })
  }

  static async start(): Promise<MailServer> {
    const server = new MailServer()
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject)
      server.#server.listen(0, '127.0.0.1', () => {
        resolve()
      })
    })
    server.#server.on('error', () => undefined)
    return server
  }

  get url(): string {
    const address = this.#server.server.address() as AddressInfo
    return `smtp://127.0.0.1:${String(address.port)}`
  }

  /** The last mail to an address; waits for it. */
  async mailTo(address: string, count = 1): Promise<ReceivedMail> {
    for (let waitedMs = 0; waitedMs < COMES_WITHIN_MS; waitedMs += LOOK_MS) {
      const found = this.mails.filter(({ to }) => to.includes(address))
      const last = found.at(-1)
      if (last !== undefined && found.length >= count) return last
      await delay(LOOK_MS)
    }
    throw new Error(`no mail came for ${address}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
  }
}

/** The one-time link in a mail, as its token. */
export function linkTokenOf({ source }: ReceivedMail): string {
  // RFC 2045 §6.7: a line that ends with `=` goes on in the next.
  const body = source.replaceAll('=\r\n', '').replaceAll('=3D', '=')
  const token = /\/link\/([\w.-]+)/.exec(body)?.[1]
  if (token === undefined) throw new Error('the mail has no link')
  return token
}
