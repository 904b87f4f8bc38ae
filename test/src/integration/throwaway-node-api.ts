import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

import { enrolRequest, type EnrolResponse, NODE_API_VERSION, renewIdentityRequest } from '@sallyport/contracts'
import { ThrowawayCa } from '@sallyport/testkit'

const DAY_MS = 86_400_000
/** What enrolment gives is short of its end, so that a service renews it at once; a renewed certificate is not. */
const ENROLLED = { notBeforeMs: -9 * DAY_MS, notAfterMs: DAY_MS }
const RENEWED = { notBeforeMs: -60_000, notAfterMs: 9 * DAY_MS }

/** The two calls of the node-api with which an ip-allocator gets and renews its identity, and the cluster's CA. */
export class ThrowawayNodeApi implements AsyncDisposable {
  readonly ca: ThrowawayCa
  readonly url: string
  readonly joinToken: string
  readonly #server: ReturnType<typeof createServer>

  private constructor(ca: ThrowawayCa, server: ReturnType<typeof createServer>, port: number, secret: string) {
    const pin = createHash('sha256').update(new X509Certificate(ca.certificatePem).raw).digest('hex')
    this.ca = ca
    this.url = `https://localhost:${String(port)}`
    this.joinToken = `sp1.${secret}.${pin}`
    this.#server = server
  }

  static async start(): Promise<ThrowawayNodeApi> {
    const ca = await ThrowawayCa.create('throw-away cluster')
    const secret = randomBytes(32).toString('base64url')
    const own = await ca.issue({ commonName: randomUUID(), organizationalUnit: 'auth-service', hosts: ['localhost'] })
    const tls = { cert: own.certificatePem, key: own.privateKeyPem, ca: ca.certificatePem }
    const desk = new EnrolmentDesk(ca, secret)
    const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      void desk.handle(request, response)
    })
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        resolve(portOf(server.address()))
      }),
    )
    return new ThrowawayNodeApi(ca, server, port, secret)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
  }
}

class EnrolmentDesk {
  readonly #ca: ThrowawayCa
  readonly #secret: string
  readonly #serviceId = randomUUID()
  #hosts: readonly string[] = []

  constructor(ca: ThrowawayCa, secret: string) {
    this.#ca = ca
    this.#secret = secret
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await this.#answer(request)
    response.writeHead(body === undefined ? 403 : 200).end(JSON.stringify(body ?? { code: 'refused', message: 'no' }))
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    switch (request.url ?? '') {
      case '/node-api/v1/ca':
        return { clusterCa: this.#ca.certificatePem }
      case '/node-api/v1/enrol': {
        const { joinToken, csr, hosts } = enrolRequest.parse(await json(request))
        if (!joinToken.includes(this.#secret)) return undefined
        this.#hosts = hosts
        return this.#issue(csr, ENROLLED)
      }
      case '/node-api/v1/renew-identity':
        return this.#issue(renewIdentityRequest.parse(await json(request)).csr, RENEWED)
      default:
        return undefined
    }
  }

  async #issue(csr: string, life: { notBeforeMs: number; notAfterMs: number }): Promise<EnrolResponse> {
    const certificate = await this.#ca.sign(csr, {
      commonName: this.#serviceId,
      organizationalUnit: 'ip-allocator',
      hosts: this.#hosts,
      notBeforeMs: Date.now() + life.notBeforeMs,
      notAfterMs: Date.now() + life.notAfterMs,
    })
    const { certificatePem: clusterCa } = this.#ca
    const role = 'ip-allocator'
    return { version: NODE_API_VERSION, serviceId: this.#serviceId, role, certificate, clusterCa, allocatorUrl: '' }
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on a TCP port')
  return address.port
}
