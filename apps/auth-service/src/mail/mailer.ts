import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common'
import { describeError } from '@sallyport/foundation'
import { type Logger, Metrics, type ReasonCounter } from '@sallyport/telemetry'
import { createTransport, type Transporter } from 'nodemailer'

import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'
import { transportOptionsOf } from './smtp-url.ts'

const MAX_WAITING = 20_000
const SENDERS = 2
const ATTEMPTS = 3
const RETRY_MS = 5000

const OUTCOMES = ['sent', 'failed', 'not-configured', 'queue-full'] as const
type Outcome = (typeof OUTCOMES)[number]

/** A mail in plain text. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/**
 * Sends mail through the operator's SMTP server, a few at a time, after the request that it belongs to. What could not be
 * delivered to the server is counted and logged without its address and text, and is not kept over a restart: whoever
 * asked for it can ask again.
 */
@Injectable()
export class Mailer implements OnModuleDestroy {
  readonly #transport: Transporter | undefined
  readonly #log: Logger
  readonly #outcomes: ReasonCounter<Outcome>
  readonly #waiting: Mail[] = []
  #senders = 0
  #closed = false

  constructor(
    @Inject(SETTINGS) settings: Pick<Settings, 'SMTP_URL' | 'MAIL_FROM'>,
    @Inject(LOGGER) log: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const { SMTP_URL: url, MAIL_FROM: from } = settings
    this.#transport =
      url === undefined || from === undefined ? undefined : createTransport(transportOptionsOf(url), { from })
    this.#log = log
    this.#outcomes = metrics.reasonCounter('mails_total', 'Mails by outcome.', OUTCOMES)
    metrics.gauge('mails_waiting', 'Mails that wait to be sent.', () => this.#waiting.length)
  }

  /** Whether there is an SMTP server at all. */
  get isConfigured(): boolean {
    return this.#transport !== undefined
  }

  /** Takes a mail to be sent soon; `false` when it will not be. Never throws and never waits. */
  send(mail: Mail): boolean {
    const refusal =
      this.#transport === undefined || this.#closed
        ? 'not-configured'
        : this.#waiting.length >= MAX_WAITING
          ? 'queue-full'
          : undefined
    if (refusal !== undefined) {
      this.#outcomes.increment(refusal)
      return false
    }
    this.#waiting.push(mail)
    if (this.#senders < SENDERS) void this.#work()
    return true
  }

  onModuleDestroy(): void {
    this.#closed = true
    this.#transport?.close()
  }

  async #work(): Promise<void> {
    this.#senders += 1
    // The request is answered first.
    await new Promise(setImmediate)
    for (let mail = this.#waiting.shift(); mail !== undefined && !this.#closed; mail = this.#waiting.shift()) {
      await this.#deliver(mail)
    }
    this.#senders -= 1
  }

  async #deliver(mail: Mail): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#transport?.sendMail(mail)
        this.#outcomes.increment('sent')
        return
      } catch (error) {
        if (attempt < ATTEMPTS && !this.#closed && isTemporary(error)) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt).unref())
          continue
        }
        this.#outcomes.increment('failed')
        this.#log.warn({ reason: reasonOf(error) }, 'a mail could not be delivered to the SMTP server')
        return
      }
    }
  }
}

/** RFC 5321 §4.2.1: 4yz may be tried again; so may what never got an answer. */
function isTemporary(error: unknown): boolean {
  const status = statusOf(error)
  return status === undefined || (status >= 400 && status < 500)
}

/** The server's answer may repeat the address; its number tells enough. */
function reasonOf(error: unknown): string {
  const status = statusOf(error)
  return status === undefined ? describeError(error) : `SMTP status ${String(status)}`
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
    ? error.responseCode
    : undefined
}
