import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { SeededRandom } from '@sallyport/testkit'

import { hostileDatagram } from './hostile-datagrams.ts'

/**
 * Program: `hostile-sender HOST PORT COUNT SEED PER_SECOND SAMPLES_FILE` sends hostile datagrams at a steady rate and
 * prints how many left. The file is a JSON list of real packets, base64.
 */
const BURST = 100

const [host = '', port = '', count = '', seed = '', perSecond = '', file = ''] = process.argv.slice(2)
const [first, ...rest] = readSamples(file)
if (first === undefined) throw new TypeError('there are no samples')
const samples = [first, ...rest] as const
const random = new SeededRandom(Number(seed))
const socket = createSocket('udp4')
let sent = 0
let refused = 0
const startedMs = performance.now()

for (let left = Number(count); left > 0; left -= BURST) {
  await Promise.all(Array.from({ length: Math.min(BURST, left) }, () => send(hostileDatagram(random, samples))))
  const aheadMs = (1000 * (sent + refused)) / Number(perSecond) - (performance.now() - startedMs)
  if (aheadMs > 1) await delay(aheadMs)
}
socket.close()
process.stdout.write(`${JSON.stringify({ sent, refused })}\n`)

function send(datagram: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.send(datagram, Number(port), host, (error) => {
      if (error) refused++
      else sent++
      resolve()
    })
  })
}

function readSamples(path: string): Buffer[] {
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!Array.isArray(list)) throw new TypeError('the samples are not a list')
  return list.map((item) => Buffer.from(String(item), 'base64'))
}
