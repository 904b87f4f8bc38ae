import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'

import type { IssuedPair } from '@sallyport/testkit'

/** What a server answered; the body is parsed, `undefined` when there is none. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** SHA-256 of the server's certificate. */
  readonly serverFingerprint: string
}

/** Calls an HTTPS server on loopback as a member of the cluster, or as nobody. Each call is a connection of its own. */
export class MutualTlsClient {
  readonly #port: number
  readonly #caPem: string
  readonly #identity: IssuedPair | undefined

  constructor(port: number, caPem: string, identity?: IssuedPair) {
    this.#port = port
    this.#caPem = caPem
    this.#identity = identity
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path)
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.send('PUT', path, JSON.stringify(body))
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body))
  }

  async send(method: string, path: string, body?: string): Promise<Answer> {
    const identity = this.#identity && { cert: this.#identity.certificatePem, key: this.#identity.privateKeyPem }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const outgoing = request(
      {
        ...{ host: '127.0.0.1', port: this.#port, servername: 'localhost', ca: this.#caPem, ...identity },
        ...{ method, path, agent: false, headers: body === undefined ? {} : { 'content-type': 'application/json' } },
      },
      (incoming) => {
        const { socket } = incoming
        const serverFingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : ''
        text(incoming).then((answer) => {
          resolve({ status: incoming.statusCode ?? 0, body: parseJson(answer), serverFingerprint })
        }, reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
    return promise
  }
}

function parseJson(answer: string): unknown {
  const value: unknown = answer === '' ? undefined : JSON.parse(answer)
  return value
}
