import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

import { SeededRandom } from './seeded-random.ts'

/**
 * Program: a small web server for tests, `page-server ADDRESS PORT TITLE`. `/` is a page that names who asks;
 * `GET /bytes/N` gives N repeatable bytes, and `PUT /` says the SHA-256 of what it got.
 */
const [address = '127.0.0.1', port = '80', title = 'test'] = process.argv.slice(2)
const block = new SeededRandom(1).bytes(1 << 20)

const server = createServer((request, response) => {
  const size = /^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (request.method === 'PUT') {
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')))
  } else if (size !== undefined) {
    sendBytes(Number(size))
  } else {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<h1>${title}</h1>\n<p>You are ${request.socket.remoteAddress ?? 'unknown'}.</p>\n`)
  }

  function sendBytes(length: number): void {
    response.setHeader('content-length', length)
    let left = length
    const more = (): void => {
      while (left > 0) {
        const chunk = left < block.length ? block.subarray(0, left) : block
        left -= chunk.length
        if (!response.write(chunk)) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  }
})
server.listen(Number(port), address, () => {
  process.stdout.write(`listening\n`)
})
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close()
})
