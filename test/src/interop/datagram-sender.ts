import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'

/** Program: `datagram-sender HOST PORT FILE` sends the datagrams of a file (a JSON list, base64) one after another. */
const [host = '', port = '', file = ''] = process.argv.slice(2)
const list: unknown = JSON.parse(readFileSync(file, 'utf8'))
if (!Array.isArray(list)) throw new TypeError('the datagrams are not a list')
const socket = createSocket('udp4')
for (const item of list) await send(Buffer.from(String(item), 'base64'))
socket.close()

async function send(datagram: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  socket.send(datagram, Number(port), host, (error) => {
    if (error) reject(error)
    else resolve(undefined)
  })
  await promise
}
