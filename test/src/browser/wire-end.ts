import { connect, createServer, type Socket } from 'node:net'

/**
 * Program: the end of a wire in a network namespace, `wire-end PORT SOCKET`: what connects to the port of its loopback
 * comes out at the Unix socket, which namespaces do not divide.
 */
const [port = '', socket = ''] = process.argv.slice(2)
const ends = new Set<Socket>()

const server = createServer((near) => {
  const far = connect(socket)
  for (const [end, other] of [
    [near, far],
    [far, near],
  ] as const) {
    ends.add(end)
    end.on('error', () => other.destroy())
    end.on('close', () => {
      ends.delete(end)
      other.destroy()
    })
    end.pipe(other)
  }
})
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write('listening\n')
})
process.on('SIGTERM', () => {
  for (const end of ends) end.destroy()
  server.close()
})
