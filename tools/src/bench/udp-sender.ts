import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/**
 * A program of its own, run in a namespace: sends UDP datagrams at an even rate from local addresses in turn.
 * Arguments: file of addresses, one a line; destination HOST PORT; datagrams a second; bytes of payload; seconds.
 */
const [file = '', host = '', port = '', perSecond = '', bytes = '', seconds = ''] = process.argv.slice(2)
/** A socket of each address would be a descriptor each: these are spread over all of them. */
const MAX_SOCKETS = 512
const TICK_MS = 2

const addresses = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
const step = Math.max(1, Math.ceil(addresses.length / MAX_SOCKETS))
const sockets = await Promise.all(addresses.filter((_, index) => index % step === 0).map(open))
const payload = Buffer.alloc(Number(bytes))
const startedMs = performance.now()
const endMs = startedMs + Number(seconds) * 1000
let sent = 0

const timer = setInterval(() => {
  const nowMs = performance.now()
  const due = Math.floor(((Math.min(nowMs, endMs) - startedMs) / 1000) * Number(perSecond))
  for (; sent < due; sent++) sockets[sent % sockets.length]?.send(payload, () => undefined)
  if (nowMs < endMs) return
  clearInterval(timer)
  for (const socket of sockets) socket.close()
  process.stdout.write(`${String(sent)}\n`)
}, TICK_MS)

async function open(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 })
  socket.bind(0, address)
  await once(socket, 'listening')
  socket.connect(Number(port), host)
  await once(socket, 'connect')
  // Nobody listens there: the answer that says so is expected.
  socket.on('error', () => undefined)
  return socket
}
