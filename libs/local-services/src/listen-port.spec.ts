import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

import { expect, it } from 'vitest'

import { claimPort, parseListen, parseListenList } from './listen-port.ts'

it('says which setting to change when a TCP port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await expect(claimPort(parseListen(`127.0.0.1:${String(port)}`, 'tcp', 'AUTH_LISTEN'))).rejects.toThrow(
    `127.0.0.1:${String(port)}/tcp is in use by another program. Stop that program, or choose another port with AUTH_LISTEN=HOST:PORT.`,
  )
  server.close()
})

it('sees a UDP port in use', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  await expect(
    claimPort({ host: '127.0.0.1', port: socket.address().port, protocol: 'udp', setting: 'NODE_LISTEN' }),
  ).rejects.toThrow(/udp is in use/)
  socket.close()
})

it('refuses an address of another machine', async () => {
  await expect(claimPort(parseListen('192.0.2.1:0', 'tcp', 'AUTH_LISTEN'))).rejects.toThrow(
    /not an address of this machine/,
  )
})

it.each(['8080', 'host:', 'a:b:1', '127.0.0.1:65536'])('refuses %s as an address', (value) => {
  expect(() => parseListen(value, 'tcp', 'AUTH_LISTEN')).toThrow(/is not HOST:PORT/)
})

it('finds a free port for 0', async () => {
  expect(await claimPort(parseListen('127.0.0.1:0', 'udp', 'NODE_LISTEN'))).toBeGreaterThan(0)
})

it('reads a list of listeners; one without transport is UDP', () => {
  const listeners = parseListenList('tcp:0.0.0.0:443, [::1]:0', 'NODE_LISTEN')
  expect(listeners.map(({ protocol, host, port }) => [protocol, host, port])).toEqual([
    ['tcp', '0.0.0.0', 443],
    ['udp', '::1', 0],
  ])
  expect(() => parseListenList('udp:0.0.0.0:1194,sctp:0.0.0.0:1194', 'NODE_LISTEN')).toThrow(/NODE_LISTEN: "sctp/)
})
