import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { SeededRandom } from '@sallyport/testkit'

/**
 * Program: `hostile-streams HOST NETWORK PORT SECONDS PER_SECOND` opens TCP connections from the addresses of a /16 at a
 * steady rate, misbehaves on each in one of many ways, and prints how many were accepted.
 */
const MAX_OPEN = 3000
const SEED = 20_261_123
const FIRST_PACKET_BYTES = 345
const HARD_RESET_CLIENT_V3 = 0x50

const [host = '', network = '', port = '', seconds = '', perSecond = ''] = process.argv.slice(2)
const random = new SeededRandom(SEED)
const open = new Set<Socket>()
let connected = 0

const MISBEHAVIOURS: readonly ((socket: Socket) => void)[] = [
  // A port scan.
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  // Nothing at all.
  () => undefined,
  // A first packet, byte by byte.
  (socket) => void trickle(socket, firstPacket()),
  // Half a frame, then the end or silence.
  (socket) => socket.end(firstPacket().subarray(0, 1 + random.below(FIRST_PACKET_BYTES))),
  (socket) => socket.write(firstPacket().subarray(0, 1 + random.below(FIRST_PACKET_BYTES))),
  // Frames that begin well and go wrong.
  (socket) => socket.write(Buffer.concat([firstPacket(), random.bytes(random.below(4000))])),
  (socket) => socket.write(Buffer.concat(Array.from({ length: 20 }, firstPacket))),
  // Anything.
  (socket) => socket.write(random.bytes(1 + random.below(4000))),
  (socket) => socket.write(Buffer.alloc(2)),
  (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
]

const startedMs = performance.now()
for (let made = 0; made < Number(seconds) * Number(perSecond); made++) {
  const aheadMs = (1000 * made) / Number(perSecond) - (performance.now() - startedMs)
  if (aheadMs > 1) await delay(aheadMs)
  misbehave(MISBEHAVIOURS[made % MISBEHAVIOURS.length] ?? (() => undefined))
}
for (const socket of open) socket.destroy()
process.stdout.write(`${JSON.stringify({ connected })}\n`)

function misbehave(how: (socket: Socket) => void): void {
  for (const oldest of open) {
    if (open.size < MAX_OPEN) break
    oldest.destroy()
    open.delete(oldest)
  }
  const drawn = random.below(0x1_0000)
  const localAddress = network.replace(/0\.0$/, `${String(drawn >>> 8)}.${String(drawn & 0xff)}`)
  const socket = connect({ host, port: Number(port), localAddress })
  open.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => open.delete(socket))
  socket.on('data', () => undefined)
  socket.on('connect', () => {
    connected++
    how(socket)
  })
}

/** Looks right until its key is tried. */
function firstPacket(): Buffer {
  const packet = Buffer.concat([Buffer.alloc(2), random.bytes(FIRST_PACKET_BYTES)])
  packet.writeUInt16BE(FIRST_PACKET_BYTES, 0)
  packet.writeUInt8(HARD_RESET_CLIENT_V3, 2)
  packet.writeUInt16BE(290, packet.length - 2)
  return packet
}

async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return
    socket.write(Buffer.of(byte))
    await delay(1_000, undefined, { ref: false })
  }
}
