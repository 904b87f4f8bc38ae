import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'

import { type ClusterCredentials, type ClusterPeer, peerOf, serverTls } from '../server-tls.ts'

/** One request as a handler sees it. */
export interface ServedRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly peer: ClusterPeer | undefined
  readonly response: ServerResponse
}

/** A real HTTPS server of the cluster on a port of the loopback interface. */
export interface ClusterServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** How many TLS connections were accepted so far. */
  connections(): number
}

/** Serves with node:https until disposed. */
export async function clusterServer(
  credentials: ClusterCredentials,
  handle: (request: ServedRequest) => unknown,
  clientCertificate: 'required' | 'optional' = 'optional',
): Promise<ClusterServer> {
  let connections = 0
  const server = createServer(serverTls(credentials, { clientCertificate }), (request, response) => {
    void serve(request, response, handle)
  })
  server.on('secureConnection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = addressOf(server.address())
  return {
    port,
    url: `https://localhost:${String(port)}`,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: ServedRequest) => unknown,
): Promise<void> {
  const body = await text(request)
  const peer = request.socket instanceof TLSSocket ? peerOf(request.socket) : undefined
  await handle({ method: request.method ?? '', path: request.url ?? '', body, peer, response })
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port')
  return address
}
