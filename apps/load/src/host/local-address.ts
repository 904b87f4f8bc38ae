import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'

import { describeError } from '@sallyport/foundation'

import { type HostPort, hostPortText } from '../end-point.ts'
import { LoadError } from '../load-error.ts'

/** Finds the address of a host; throws `LoadError` with this code. */
export async function resolve(
  { host, port }: HostPort,
  code: 'bad-server' | 'bad-target',
): Promise<{
  readonly address: string
  readonly port: number
}> {
  try {
    return { address: (await lookup(host)).address, port }
  } catch (error) {
    throw new LoadError(code, `${host} has no address: ${describeError(error)}`, { cause: error })
  }
}

/** Asks the kernel which address it would reach a server from; nothing is sent. Throws `LoadError` `bad-server`. */
export async function localAddressFor(server: { readonly address: string; readonly port: number }): Promise<string> {
  const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4')
  try {
    const connected = once(socket, 'connect')
    socket.connect(server.port, server.address)
    await connected
    return socket.address().address
  } catch (error) {
    const where = hostPortText({ host: server.address, port: server.port })
    throw new LoadError('bad-server', `there is no way to ${where}: ${describeError(error)}`, { cause: error })
  } finally {
    socket.close()
  }
}
