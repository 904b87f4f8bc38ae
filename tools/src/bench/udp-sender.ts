import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/**
 * A program of its own, run in a namespace: sends UDP datagrams at an even rate. A few local addresses take part in each
 * tick, the next few in the next, each from one of its ports after the other: so how many flows there are, and how much
 * of what is sent together belongs together, does not depend on the number of addresses.
 * Arguments: file of addresses, one a line; destination HOST PORT; datagrams a second; bytes of payload; seconds.
 */
const [file = '', host = '', port = '', perSecond = '', bytes = '', seconds = ''] = process.argv.slice(2)
const TICK_MS = 2
const ADDRESSES_IN_TICK = 10
/** Each takes sockets: those that send are spread over all of them. */
const MAX_ADDRESSES = 400
const SOCKETS = 3200

const addresses = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
const step = Math.max(1, Math.ceil(addresses.length / MAX_ADDRESSES))
const talkers = addresses.filter((_, index) => index % step === 0)
const portsOfAddress = Math.floor(SOCKETS / talkers.length)
const senders = await Promise.all(
  talkers.map(async (address) => ({
    sockets: await Promise.all(Array.from({ length: portsOfAddress }, () => open(address))),
    turn: 0,
  })),
)
const payload = Buffer.alloc(Number(bytes))
const startedMs = performance.now()
const endMs = startedMs + Number(seconds) * 1000
let sent = 0
let tick = 0

const timer = setInterval(() => {
  const nowMs = performance.now()
  const due = Math.floor(((Math.min(nowMs, endMs) - startedMs) / 1000) * Number(perSecond))
  const first = tick++ * ADDRESSES_IN_TICK
  for (let index = 0; sent < due; index++, sent++) {
    const sender = senders[(first + (index % ADDRESSES_IN_TICK)) % senders.length]
    if (sender === undefined) continue
    sender.sockets[sender.turn++ % portsOfAddress]?.send(payload, () => undefined)
  }
  if (nowMs < endMs) return
  clearInterval(timer)
  for (const socket of senders.flatMap(({ sockets }) => sockets)) socket.close()
  process.stdout.write(`${String(sent)}\n`)
}, TICK_MS)

async function open(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 })
  socket.bind(0, address)
  await once(socket, 'listening')
  socket.connect(Number(port), host)
  await once(socket, 'connect')
  return socket
}
