import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

import { describeError, errorCode, SallyportError } from '@sallyport/foundation'

/** A port in use, or an address that this machine has not; the message says which one and what to do. */
export class ListenError extends SallyportError {}

/** Address on which a service listens. Port 0 means: choose a free one. */
export interface ListenPort {
  readonly host: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Setting that changes it, for the message. */
  readonly setting: string
}

/** Checks that a service can listen there, and gives the port: the same, or the free one that was found for 0. */
export async function claimPort(listen: ListenPort): Promise<number> {
  try {
    return await (listen.protocol === 'tcp' ? bindTcp(listen) : bindUdp(listen))
  } catch (error) {
    const where = `${listen.host}:${String(listen.port)}/${listen.protocol}`
    const reasons: Record<string, string> = {
      EADDRINUSE: `${where} is in use by another program. Stop that program, or choose another port with ${listen.setting}=HOST:PORT.`,
      EADDRNOTAVAIL: `${listen.host} is not an address of this machine. Choose another with ${listen.setting}=HOST:PORT.`,
      EACCES: `${where} needs more rights. Choose a port above 1023 with ${listen.setting}=HOST:PORT.`,
    }
    throw new ListenError('cannot-listen', reasons[errorCode(error) ?? ''] ?? `${where}: ${describeError(error)}`, {
      cause: error,
    })
  }
}

async function bindTcp(listen: ListenPort): Promise<number> {
  const server = createServer()
  server.listen({ host: listen.host, port: listen.port, exclusive: true })
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : listen.port
}

async function bindUdp(listen: ListenPort): Promise<number> {
  const socket = createSocket({ type: listen.host.includes(':') ? 'udp6' : 'udp4' })
  try {
    socket.bind({ address: listen.host, port: listen.port, exclusive: true })
    await once(socket, 'listening')
    return socket.address().port
  } finally {
    socket.close()
  }
}

/** Splits `host:port` or `[v6]:port`. */
export function parseListen(value: string, protocol: 'tcp' | 'udp', setting: string): ListenPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (!match || port > 65535)
    throw new ListenError('bad-address', `${setting}: "${value}" is not HOST:PORT, for example 127.0.0.1:8080`)
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '::' : match[2]), port, protocol, setting }
}

/** Splits a comma list of `udp:HOST:PORT` and `tcp:HOST:PORT`; an entry without transport is UDP. */
export function parseListenList(value: string, setting: string): ListenPort[] {
  return value.split(',').map((item) => {
    const [, transport, address = ''] = /^(?:(udp|tcp):)?(.*)$/.exec(item.trim()) ?? []
    return parseListen(address, transport === 'tcp' ? 'tcp' : 'udp', setting)
  })
}
