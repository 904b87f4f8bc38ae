import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns'
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'

import { Inject, Injectable } from '@nestjs/common'
import { errorCode } from '@sallyport/foundation'
import { parseAddress } from '@sallyport/ip-network'

import type { DeliveryFailure } from './delivery-failure.ts'
import { literalAddress, WebhookTarget } from './webhook-target.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const REFUSED_ADDRESS = 'REFUSED_ADDRESS'

/** What became of one request. */
export type Delivery =
  | { readonly delivered: true; readonly status: number }
  | {
      readonly delivered: false
      readonly failure: DeliveryFailure
      /** What was answered; absent when nothing was. */
      readonly status?: number
      /** How long the receiver asks to wait. */
      readonly retryAfterMs?: number
    }

/** A connection to one receiver that is kept while there is more to send. */
export interface WebhookConnection extends Disposable {
  post(headers: Readonly<Record<string, string>>, body: string): Promise<Delivery>
}

/**
 * Sends requests to receivers. Follows no redirect, and connects only to an address that it has checked itself: what a
 * name means may change between a check and the connection.
 */
@Injectable()
export class WebhookSender {
  readonly #target: WebhookTarget

  constructor(@Inject(WebhookTarget) target: WebhookTarget) {
    this.#target = target
  }

  /** Opens no connection yet; dispose it when nothing is left to send. When `stop` fires, what is under way fails. */
  to(text: string, stop?: AbortSignal): WebhookConnection {
    const url = new URL(text)
    const options = { keepAlive: true, maxSockets: 1, lookup: this.#lookup }
    const agent = url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
    return {
      post: (headers, body) => this.#post(url, { agent, headers, body }, stop),
      [Symbol.dispose]: () => {
        agent.destroy()
      },
    }
  }

  async #post(url: URL, message: Omit<Exchange, 'signal'>, stop: AbortSignal | undefined): Promise<Delivery> {
    // Checked again at each use: what is allowed is a setting, and a name may be a number.
    const literal = literalAddress(url)
    const isRefused = literal !== undefined && !this.#target.allows(literal)
    if (isRefused || this.#target.problemOf(url.href) !== undefined) {
      return { delivered: false, failure: 'refused-address' }
    }
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(stop === undefined ? [] : [stop])])
    try {
      return deliveryOf(await exchange(url, { ...message, signal }))
    } catch (error) {
      return { delivered: false, failure: signal.aborted ? 'timed-out' : failureOf(error) }
    }
  }

  /** Resolves as Node does, and refuses a name of which any address is not allowed. */
  readonly #lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...familyOf(options), all: true, order: 'verbatim' }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 4)
        return
      }
      if (!addresses.every((found) => this.#isAllowed(found))) {
        callback(
          Object.assign(new Error('the name has an address that is not allowed'), { code: REFUSED_ADDRESS }),
          '',
          4,
        )
        return
      }
      const [first] = addresses
      if (options.all === true) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family)
    })
  }

  #isAllowed({ address }: LookupAddress): boolean {
    const parsed = parseAddress(address.replace(/%.*$/, ''))
    return parsed !== undefined && this.#target.allows(parsed)
  }
}

interface Exchange {
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/**
 * Sends the request and reads the answer to its end, or to as much of it as anybody may send. A kept connection that the
 * receiver closed meanwhile is replaced once.
 */
function exchange(url: URL, message: Exchange, mayRepeat = true): Promise<IncomingMessage> {
  const { agent, headers, body, signal } = message
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const options = { method: 'POST', agent, signal, headers: { ...all, 'user-agent': 'Sallyport-Webhooks/1' } }
    const request: ClientRequest = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
    request.once('error', (error) => {
      const wasClosed = request.reusedSocket && errorCode(error) === 'ECONNRESET' && !signal.aborted
      if (wasClosed && mayRepeat) exchange(url, message, false).then(resolve, reject)
      else reject(error)
    })
    request.once('response', (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= MAX_ANSWER_BYTES) return
        resolve(response)
        response.destroy()
      })
      response.once('error', reject)
      response.once('close', () => {
        if (signal.aborted) reject(new Error('timed out'))
        else resolve(response)
      })
    })
    request.end(body)
  })
}

function deliveryOf({ statusCode: status = 0, headers }: IncomingMessage): Delivery {
  if (status >= 200 && status < 300) return { delivered: true, status }
  if (status === 410) return { delivered: false, failure: 'gone', status }
  if (status >= 300 && status < 400) return { delivered: false, failure: 'redirected', status }
  const seconds = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0]
  const retryAfter = seconds === undefined ? {} : { retryAfterMs: Number(seconds) * 1000 }
  return { delivered: false, failure: 'refused', status, ...retryAfter }
}

function failureOf(error: unknown): DeliveryFailure {
  const code = errorCode(error) ?? ''
  if (code === REFUSED_ADDRESS) return 'refused-address'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') return 'name-not-found'
  const isTls = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|ISSUER|EPROTO/.test(code)
  return isTls ? 'tls-failed' : 'not-connected'
}

function familyOf({ family }: LookupOptions): Pick<LookupOptions, 'family'> {
  return family === undefined ? {} : { family }
}
