import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type TLSSocket } from 'node:tls'

import type { ServiceRole } from '@sallyport/contracts'
import { expect, it } from 'vitest'

import { type ClusterPeer, peerOf, serverTls } from './server-tls.ts'
import { type ThrowawayCluster, throwawayCluster } from './testing/throwaway-cluster.ts'

/** Connects with a certificate of the given names, and gives whom the server saw. */
async function seenPeer(cluster: ThrowawayCluster, role: string, serviceId: string): Promise<ClusterPeer | undefined> {
  const credentials = await cluster.member({ role: 'auth-service', hosts: ['localhost'] })
  const server = createServer(serverTls(credentials, { clientCertificate: 'required' }))
  const peer = new Promise<ClusterPeer | undefined>((resolve) => {
    server.on('secureConnection', (socket: TLSSocket) => {
      resolve(peerOf(socket))
      socket.destroy()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port')
  const member = await cluster.member({ role, serviceId })
  const { key, cert, ca } = serverTls(member, { clientCertificate: 'required' })
  const client = connect({ port: address.port, host: '127.0.0.1', servername: 'localhost', key, cert, ca })
  client.on('error', () => client.destroy())
  try {
    return await peer
  } finally {
    client.destroy()
    server.close()
  }
}

it('knows nobody by a certificate that was not verified', () => {
  const subject = { CN: randomUUID(), OU: 'auth-service' satisfies ServiceRole }
  const getPeerCertificate = () => ({ subject })
  // @ts-expect-error a certificate has many more fields, none of which counts here
  expect(peerOf({ authorized: false, getPeerCertificate })).toBeUndefined()
})

it('knows nobody whose verified certificate has no role of ours or no service id', async () => {
  const cluster = await throwawayCluster()
  expect(await seenPeer(cluster, 'administrator', randomUUID())).toBeUndefined()
  expect(await seenPeer(cluster, 'auth-service', 'auth-service')).toBeUndefined()
})

it('tells service and role of a verified certificate', async () => {
  const serviceId = randomUUID()
  expect(await seenPeer(await throwawayCluster(), 'ip-allocator', serviceId)).toEqual({
    serviceId,
    role: 'ip-allocator',
  })
})
